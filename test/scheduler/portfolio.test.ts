import { describe, expect, test } from 'vitest';
import { explore, type ExploreOptions, type Report, type Sim } from '../../src/index.ts';
import { chains, growing } from './strategies/programs.ts';

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

describe('what fits into the executions is run through', () => {
  const run = (body: (sim: Sim) => unknown, options: ExploreOptions = {}): Promise<Report> =>
    explore(body, { seed: 1, vacuity: 'off', ...options });

  test('every schedule, with the bursts that were asked for', async () => {
    const without = new Set<string>();
    const report = await run(async (sim) => void without.add(await chains(3, 3)(sim)), { bursts: 0 });
    expect(report).toMatchObject({ exhaustive: true, space: { schedules: 20 }, strategy: 'portfolio' });
    expect(without.size).toBe(20);
    const withBursts = await run(chains(3, 3));
    expect(withBursts.exhaustive).toBe(true);
    expect(withBursts.space!.schedules).toBeGreaterThan(20);
  });

  test('not what is larger', async () => {
    const report = await run(chains(5, 5, 5), { runs: 300 });
    expect(report).toMatchObject({ exhaustive: false, executions: 300 });
    expect(report.space).toBeUndefined();
  });

  test('not what turns out to be larger', async () => {
    // In natural order the first task stops the second after its first step.
    const report = await run(growing, { runs: 300 });
    expect(report).toMatchObject({ exhaustive: false, executions: 300 });
  });

  test.each<[string, (sim: Sim) => unknown]>([
    ['draws chance', (sim) => sim.random()],
    ['draws chance with Math.random', () => Math.random()],
    ['has a timer', () => void setTimeout(() => undefined, 5)],
    ['sleeps', (sim) => sim.sleep(1)],
  ])('never a body that %s', async (_, also) => {
    const report = await run(
      async (sim) => {
        await also(sim);
        await chains(2, 2)(sim);
      },
      { runs: 200 },
    );
    expect(report).toMatchObject({ exhaustive: false, executions: 200 });
  });

  test('what needs one preemption is found among the schedules with one', async () => {
    const { failure } = await run(async (sim) => {
      let steps = 0;
      let at = 0;
      const long = async (): Promise<void> => {
        for (let i = 0; i < 20; i++) {
          await sim.point('step');
          steps++;
        }
      };
      const short = (): Promise<void> => sim.point('look').then(() => void (at = steps));
      await Promise.all([long(), short()]);
      if (at === 10) throw new Error('in the window');
    });
    expect(failure).toMatchObject({ message: 'in the window', foundBy: 'exhaustive', preemptions: 1 });
    expect(failure!.execution).toBeLessThanOrEqual(22);
  });
});

test('otherwise the random walk has half of the executions, PCT, POS and URW the rest by turns', async () => {
  const found = new Map<string, number>();
  const body = async (sim: Sim): Promise<void> => {
    await chains(6, 6, 6)(sim);
    if (sim.execution === skip) throw new Error('here');
  };
  let skip = 0;
  for (skip = 2; skip < 18; skip++) {
    const { failure } = await explore(body, { seed: 1 });
    found.set(failure!.foundBy, (found.get(failure!.foundBy) ?? 0) + 1);
  }
  expect(Object.fromEntries(found)).toEqual({ random: 8, 'pct(2)': 2, 'pct(3)': 2, pos: 2, urw: 2 });
});
