import { expect, test } from 'vitest';
import { explore, type ExploreOptions } from '../../src/index.ts';

/**
 * Two tasks whose points become ready in one drain, each with two microtasks behind its point. Settled together,
 * as Node does it, they take turns: `abab`. With a drain between, one goes first: `aabb`.
 */
async function turns(options: ExploreOptions): Promise<string[]> {
  const seen: string[] = [];
  await explore(
    async (sim) => {
      let order = '';
      let open = (): void => undefined;
      const opened = new Promise<void>((resolve) => (open = resolve));
      const task = async (name: string): Promise<void> => {
        await opened;
        await sim.point(name);
        order += name;
        await Promise.resolve();
        order += name;
      };
      await Promise.all([
        sim.spawn('a', () => task('a')),
        sim.spawn('b', () => task('b')),
        sim.spawn('c', () => open()),
      ]);
      seen.push(order);
    },
    { seed: 1, vacuity: 'off', ...options },
  );
  return seen;
}

test("the portfolio's first execution is natural order: what Node settles together is settled together", async () => {
  const [natural] = await turns({ strategy: 'natural' });
  const [portfolio] = await turns({ strategy: 'portfolio', runs: 1 });
  expect(natural).toBe('abab');
  expect(portfolio).toBe(natural);
});

test('its further executions settle together at the rate of bursts, or not at all', async () => {
  const later = async (bursts: number): Promise<Set<string>> =>
    new Set((await turns({ strategy: 'portfolio', runs: 200, bursts })).slice(2));
  expect(await later(0.2)).toEqual(new Set(['abab', 'baba', 'aabb', 'bbaa']));
  expect(await later(0)).toEqual(new Set(['aabb', 'bbaa']));
});
