import { describe, expect, test } from 'vitest';
import { explore, pct, type ExploreOptions, type Report, type Sim } from '../../src/index.ts';

async function body(sim: Sim): Promise<void> {
  const order: string[] = [];
  const task = async (name: string): Promise<void> => {
    for (let i = 0; i < 6; i++) {
      await sim.point(name);
      order.push(name);
    }
  };
  await Promise.all(['a', 'b', 'c'].map(task));
  sim.branch(order[0] === 'a' ? 'a first' : 'another first');
}

const run = (options: ExploreOptions, of = body): Promise<Report> => explore(of, { seed: 1, runs: 400, ...options });

test('the frequency of every branch has an interval that contains it', async () => {
  const { statistics, branches } = await run({ strategy: 'random', bursts: 0 });
  const first = statistics!.branches['a first']!;
  expect(first).toMatchObject({ executions: branches['a first']!.executions, of: 400 });
  // 1/3 in truth; the width of a 95 % interval at 400 executions is 0.09.
  expect(first.low).toBeLessThan(1 / 3);
  expect(first.high).toBeGreaterThan(1 / 3);
  expect(first.high - first.low).toBeCloseTo(0.092, 2);
  expect(statistics!.failure).toMatchObject({ executions: 0, of: 400, share: 0, low: 0 });
});

test('where every schedule was run it is exact', async () => {
  const { statistics } = await explore(
    async (sim) => {
      const order: string[] = [];
      const task = (name: string): Promise<unknown> => sim.point(name).then(() => order.push(name));
      await Promise.all(['a', 'b', 'c'].map(task));
      sim.branch(order[0] === 'a' ? 'a first' : 'another first');
    },
    { strategy: 'exhaustive', seed: 1 },
  );
  expect(statistics!.branches['a first']).toEqual({ executions: 2, of: 6, share: 1 / 3, low: 1 / 3, high: 1 / 3 });
  expect(statistics!.failure).toMatchObject({ share: 0, low: 0, high: 0 });
  expect(statistics!.residual).toBe('Every schedule within the bounds was run, 6 in all, and none fails.');
});

describe('what a clean run leaves open', () => {
  test.each<[string, ExploreOptions, RegExp]>([
    ['one schedule', { strategy: 'natural' }, /^1 schedule was run, not picked at random: nothing can be said/],
    ['a part of all', { strategy: 'exhaustive', runs: 50 }, /^50 schedules were run, not picked at random/],
    // 1 − 0.05^(1/400) = 0.75 %
    [
      'the random walk',
      { strategy: 'random' },
      /^None of 400 executions drawn at random failed: .*at most 0\.75 %\. Schedules/,
    ],
    ['the portfolio, but for natural order', { runs: 401 }, /^None of 400 executions drawn at random failed/],
    [
      'PCT alone',
      { strategy: pct({ depth: 2 }), bursts: 0, time: 'idle', runs: 401 },
      // 3 tasks, 18 steps: (1 − 1/54)^400 = 0.057 %
      /^If there is a bug of depth 2 \(at most 3 tasks and 18 steps\), 400 independent PCT executions all miss it with a probability of at most 0\.057 %\.$/,
    ],
    ['PCT with bursts', { strategy: 'pct' }, /^None of 400 executions drawn at random failed/],
  ])('%s', async (_, options, sentence) => {
    expect((await run(options)).statistics!.residual).toMatch(sentence);
  });

  test('nothing is said after a failure', async () => {
    const failing = async (sim: Sim): Promise<void> => {
      await body(sim);
      throw new Error('always');
    };
    const { statistics } = await run({}, failing);
    expect(statistics!.residual).toBeUndefined();
    expect(statistics!.failure).toMatchObject({ executions: 1, of: 1, share: 1, high: 1 });
  });
});
