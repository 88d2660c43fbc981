import { expect, test } from 'vitest';
import { explore, type ExploreOptions, type Sim } from '../../src/index.ts';

/* Explorations of one thread run on the same parts, one after the other: nothing may pass from one to the next. */

const options: ExploreOptions = { seed: 7, runs: 30, strategy: 'portfolio' };

/** Points, timers, chance, a gate, and a failure in some orders. */
async function body(sim: Sim): Promise<void> {
  const seen: string[] = [];
  sim.hold('b', { skip: 1, take: 1 }).until(() => seen.length > 0);
  const task = async (name: string): Promise<void> => {
    await sim.point(name);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
    await sim.point(name);
    seen.push(name);
  };
  await Promise.all(['a', 'b', 'c'].map((name) => sim.spawn(name, () => task(name))));
  sim.branch(seen.join());
  if (seen.join() === 'c,b,a') throw new Error('c, b, a');
}

async function outcome(): Promise<unknown> {
  return { ...(await explore(body, options)), elapsedMs: 0 };
}

const never = (): Promise<never> => new Promise(() => undefined);

test('an exploration runs as on new parts, whatever went before', async () => {
  const first = await outcome();
  await explore(() => Promise.reject(new Error('thrown')), { runs: 1 });
  expect(await outcome()).toEqual(first);
  // A deadlock with timers and holds left, and a name for every execution.
  let executions = 0;
  await explore(
    async (sim) => {
      setInterval(() => undefined, 1);
      sim.hold('held');
      void sim.point('held');
      await sim.point(`point ${++executions}`);
      await never();
    },
    { runs: 2, vacuity: 'off' },
  );
  expect(await outcome()).toEqual(first);
  // Given up in the middle of an execution.
  const signal = new AbortController();
  const cut = async (sim: Sim): Promise<void> => {
    for (let i = 0; ; i++) {
      await sim.point('p');
      if (i === 10_000) signal.abort();
    }
  };
  await explore(cut, { signal: signal.signal, maxSteps: 10_000_000, vacuity: 'off' });
  expect(await outcome()).toEqual(first);
  // Wrong use ends an exploration with an error.
  await expect(explore((sim) => sim.branch('other'), { branches: ['known'] })).rejects.toThrow("'other'");
  expect(await outcome()).toEqual(first);
});

test('a sim does nothing in a later exploration', async () => {
  let kept: Sim | undefined;
  await explore((sim) => void (kept = sim), { runs: 1, vacuity: 'off' });
  const reached: string[] = [];
  const report = await explore(
    async (sim) => {
      void kept!.point('old').then(() => reached.push('point'));
      void kept!.sleep(0).then(() => reached.push('sleep'));
      void kept!.spawn('old', () => reached.push('spawn'));
      kept!.branch('old');
      await sim.sleep(10);
    },
    { runs: 1, vacuity: 'off' },
  );
  expect(reached).toEqual([]);
  expect(report.branches).toEqual({});
  expect(report.steps).toBe(2);
});

test('what is noticed in one exploration is not told of the next', async () => {
  const { setTimeout: real } = globalThis;
  const stray = await explore(() => new Promise((resolve) => real(resolve, 1)), { runs: 1, vacuity: 'off' });
  expect(stray.warnings.map(({ name }) => name)).toContain('real-timer');
  const next = await explore((sim) => sim.point('p'), { runs: 1, vacuity: 'off' });
  expect(next.warnings).toEqual([]);
});

test('points are counted anew, though their numbers come back', async () => {
  const stalled = async (names: string[]): Promise<string | undefined> => {
    const report = await explore(
      async (sim) => {
        sim.hold(names[0]!);
        await Promise.all(names.map((name) => sim.point(name)));
      },
      { strategy: 'natural', vacuity: 'off' },
    );
    return (report.failure?.error as Error | undefined)?.message ?? report.failure?.message;
  };
  const first = await stalled(['a', 'b']);
  await stalled(['held', 'b', 'b', 'b', 'a', 'a', 'a']);
  expect(await stalled(['a', 'b'])).toBe(first);
  expect(first).toContain('a 1/0');
});
