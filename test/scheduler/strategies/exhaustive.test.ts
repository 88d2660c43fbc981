import { describe, expect, test } from 'vitest';
import {
  exhaustive,
  explore,
  StraddleError,
  type Progress,
  type ExploreOptions,
  type Sim,
  type Strategy,
} from '../../../src/index.ts';
import {
  bare,
  chains,
  lostUpdate,
  other,
  philosophers,
  read,
  tasks,
  times,
  write,
  type Operation,
  type Program,
} from './programs.ts';

// Every number here is from the literature, or from a formula that is given beside it. The tasks are plain calls,
// so that they start in the body's own first step. The start of a spawned task is a step of its own.

const isDeep = process.env['STRADDLE_DEEP'] === '1';

interface Counted {
  readonly executions: number;
  readonly endings: Record<string, number>;
}

/** Runs every schedule and counts the endings. */
async function count(
  program: Program,
  strategy: Strategy = exhaustive(),
  options: ExploreOptions = {},
): Promise<Counted> {
  const endings: Record<string, number> = {};
  let latest = 0;
  const report = await explore(
    async (sim) => {
      const ending = await program(sim);
      // One execution in twenty is repeated as a check.
      if (sim.execution === latest) return;
      latest = sim.execution;
      endings[ending] = (endings[ending] ?? 0) + 1;
    },
    { ...bare, runs: 200_000, ...options, strategy },
  );
  expect(report).toMatchObject({ verdict: 'pass', exhaustive: true, distinct: report.executions });
  return { executions: report.executions, endings };
}

async function executions(program: Program, strategy?: Strategy, options?: ExploreOptions): Promise<number> {
  return (await count(program, strategy, options)).executions;
}

describe('law 3: every schedule exactly once', () => {
  // k tasks of m steps: (km)!/(m!)^k.
  test.each([
    [[5], 1],
    [[3, 3], 20],
    [[4, 4], 70],
    [[5, 5], 252],
    [[2, 2, 2], 90],
    [[3, 3, 3], 1680],
    [[4, 4, 4], 34650],
    [[1, 2, 3, 1], 420],
  ])('tasks of %j steps have %i interleavings', async (lengths, expected) => {
    const { executions, endings } = await count(chains(...lengths));
    expect(executions).toBe(expected);
    expect(Object.keys(endings)).toHaveLength(expected);
    expect(new Set(Object.values(endings))).toEqual(new Set([1]));
  });

  test('the start of a spawned task is a step: with two points each 20, with three 70', async () => {
    const spawned =
      (points: number): Program =>
      async (sim) => {
        const task = async (): Promise<void> => {
          for (let i = 0; i < points; i++) await sim.point('p');
        };
        await Promise.all([sim.spawn('a', task), sim.spawn('b', task)]);
        return '';
      };
    expect(await executions(spawned(2))).toBe(20);
    expect(await executions(spawned(3))).toBe(70);
  });

  const late =
    (a: number, b: number, c: number): Program =>
    async (sim) => {
      let third: Promise<void> | undefined;
      const forks = other(() => void (third = tasks(sim, times(c, other()))));
      await tasks(sim, [forks, ...times(a - 1, other())], times(b, other()));
      await third;
      return '';
    };

  // (a+b+c)!/(a!b!c!), of which a share of a/(a+c) has the first step of the first before all of the third.
  test.each(isDeep ? [[5, 4, 4, 50050]] : [[3, 2, 2, 126]])(
    'chains of %i, %i and %i steps, the third of which starts after the first step of the first: %i',
    async (a, b, c, expected) => expect(await executions(late(a!, b!, c!))).toBe(expected),
  );

  test.each([[2, 6, 2], [3, 168, 6], ...(isDeep ? [[4, 98184, 24]] : [])])(
    '%i philosophers: %i maximal interleavings, of which %i deadlock',
    async (n, expected, deadlocks) => {
      const { program, blocking } = philosophers(n!);
      const { executions, endings } = await count(program, blocking(exhaustive()));
      expect(executions).toBe(expected);
      expect(endings['bad']).toBe(deadlocks);
    },
  );

  test.each([
    [2, 6, 4],
    [3, 90, 84],
  ])('of %i lost-update tasks %i interleavings, %i lose an update', async (n, expected, lost) => {
    const { executions, endings } = await count(lostUpdate(n));
    expect(executions).toBe(expected);
    expect(endings['bad']).toBe(lost);
  });

  test('withdraw of 500 and 700 from 1000 (read; if enough, read; write): 20, 6 bad', async () => {
    const withdraw: Program = async (sim) => {
      let balance = 1000;
      const task = (amount: number): Operation[] => {
        let isEnough = false;
        let seen = 0;
        return [
          read('balance', () => (isEnough = balance >= amount)),
          read('balance', () => (seen = balance)),
          write('balance', () => isEnough && (balance = seen - amount)),
        ];
      };
      await tasks(sim, task(500), task(700));
      return balance < 0 ? 'bad' : 'good';
    };
    const { executions, endings } = await count(withdraw);
    expect({ executions, ...endings }).toEqual({ executions: 20, bad: 6, good: 14 });
  });
});

describe('bounded by preemptions: switches away from a task that could go on', () => {
  test.each([
    [
      [5, 5],
      [2, 10, 42, 90, 162, 210, 242, 250, 252, 252],
    ],
    [
      [3, 3, 3],
      [6, 42, 192, 552, 1062, 1506, 1680],
    ],
    [
      [2, 2],
      [2, 4, 6],
    ],
  ])('tasks of %j steps at bound 0, 1, 2, …: %j', async (lengths, expected) => {
    const counted: number[] = [];
    for (const preemptions of expected.keys()) {
      counted.push(await executions(chains(...lengths), exhaustive({ preemptions })));
    }
    expect(counted).toEqual(expected);
  });

  test.each(isDeep ? [2, 3, 4] : [2, 3])('the deadlock of %i philosophers needs exactly one', async (n) => {
    const { program, blocking } = philosophers(n);
    const without = await count(program, blocking(exhaustive({ preemptions: 0 })));
    expect(without.endings['bad']).toBeUndefined();
    const withOne = await count(program, blocking(exhaustive({ preemptions: 1 })));
    expect(withOne.endings['bad']).toBeGreaterThan(0);
  });
});

describe('bounded by delays: deviations from a fixed order', () => {
  // Permutations of 6 with at most B inversions (cumulative Mahonian numbers, OEIS A161435 for N = 6).
  const mahonian = [1, 6, 20, 49, 98, 169, 259, 360, 461, 551, 622, 671, 700, 714, 719, 720];

  test(`6 tasks of one step at bound 0, 1, 2, …: ${mahonian.join()}`, async () => {
    const counted: number[] = [];
    for (const delays of mahonian.keys()) {
      counted.push(await executions(chains(1, 1, 1, 1, 1, 1), exhaustive({ delays })));
    }
    expect(counted).toEqual(mahonian);
  });

  test('as many delays allow at most as many preemptions', async () => {
    for (const bound of [0, 1, 2, 3]) {
      const delayed = await executions(chains(3, 3, 3), exhaustive({ delays: bound }));
      expect(delayed).toBeLessThanOrEqual(await executions(chains(3, 3, 3), exhaustive({ preemptions: bound })));
      const both = await executions(chains(3, 3, 3), exhaustive({ delays: bound, preemptions: bound }));
      expect(both).toBe(delayed);
    }
  });
});

describe('more than an order', () => {
  const points: Program = async (sim) => {
    let order = '';
    const task = async (name: string): Promise<void> => {
      await sim.point(name);
      order += name;
      await null;
      order += name;
    };
    await Promise.all([task('a'), task('b')]);
    return order;
  };

  test('bursts, when asked for: one before the other with a drain between, or together, either first', async () => {
    expect((await count(points)).endings).toEqual({ aabb: 1, bbaa: 1 });
    expect((await count(points, exhaustive(), { bursts: 0.2 })).endings).toEqual({
      aabb: 1,
      bbaa: 1,
      abab: 1,
      baba: 1,
    });
  });

  const leased: Program = async (sim) => {
    let isExpired = false;
    const timer = setTimeout(() => (isExpired = true), 40);
    await sim.point('works');
    const at = Date.now() % 1000;
    clearTimeout(timer);
    return isExpired ? `expired at ${at}` : `in time at ${at}`;
  };

  test('early timers in elastic time, and time taken if it was asked for', async () => {
    expect((await count(leased, exhaustive(), { time: 'idle' })).endings).toEqual({ 'in time at 0': 1 });
    expect((await count(leased, exhaustive(), { time: 'mixed' })).endings).toEqual({
      'in time at 0': 1,
      'expired at 40': 1,
    });
    expect((await count(leased, exhaustive(), { time: 'elastic' })).endings).toEqual({
      'in time at 0': 1,
      'in time at 40': 1,
      'expired at 40': 1,
    });
    expect((await count(leased, exhaustive({ delays: 0 }), { time: 'elastic' })).executions).toBe(1);
  });
});

describe('as the strategy of a search', () => {
  const racy = async (sim: Sim): Promise<void> => {
    if ((await lostUpdate(2)(sim)) === 'bad') throw new Error('lost update');
  };

  test('by name, and it runs out exactly when the runs do', async () => {
    const report = await explore(chains(3, 3), { strategy: 'exhaustive', runs: 20, seed: 1 });
    expect(report).toMatchObject({ verdict: 'pass', executions: 20, exhaustive: true, strategy: 'exhaustive' });
    const short = await explore(chains(3, 3), { strategy: 'exhaustive', runs: 19, seed: 1 });
    expect(short).toMatchObject({ verdict: 'pass', executions: 19, exhaustive: false });
  });

  test('a branch never taken is unreachable', async () => {
    const report = await explore(chains(3, 3), { strategy: 'exhaustive', seed: 1, branches: ['never'] });
    expect(report.vacuous[0]?.detail).toContain('unreachable: all 20 interleavings were explored');
  });

  test('stops at a failure, which is not all', async () => {
    const report = await explore(racy, { strategy: 'exhaustive', seed: 1 });
    expect(report).toMatchObject({ verdict: 'fail', exhaustive: false, failure: { foundBy: 'exhaustive' } });
  });

  test('chance is the same in every execution', async () => {
    const drawn = new Set<number>();
    const body = async (sim: Sim): Promise<void> => {
      drawn.add(sim.random());
      await chains(2, 2)(sim);
    };
    await explore(body, { strategy: 'exhaustive', seed: 1 });
    expect(drawn.size).toBe(1);
  });

  test('a program that differs from execution to execution is told', async () => {
    let runs = 0;
    const body = async (sim: Sim): Promise<void> => {
      await chains(...(++runs % 2 === 0 ? [2, 2] : [2, 2, 1]))(sim);
    };
    const { failure } = await explore(body, { strategy: 'exhaustive', seed: 1 });
    expect(failure?.kind).toBe('nondeterminism');
  });

  test.each([
    [{ preemptions: -1 }, "exhaustive's bound 'preemptions' must be a whole number of 0 or more, not -1."],
    [{ delays: 1.5 }, "exhaustive's bound 'delays' must be a whole number of 0 or more, not 1.5."],
    [{ delays: Number.NaN }, "exhaustive's bound 'delays' must be a whole number of 0 or more, not NaN."],
    [{ preemptions: '2' as never }, "exhaustive's bound 'preemptions' must be a whole number of 0 or more, not 2."],
    [{ preemption: 2 } as never, "exhaustive has no option 'preemption'; it has preemptions, delays, resume."],
  ])('impossible bounds: %j', (options, message) => {
    expect(() => exhaustive(options)).toThrow(new StraddleError('usage', message));
  });
});

describe('the space', () => {
  /** What is estimated from the first execution alone. */
  async function estimate(program: Program, strategy = exhaustive(), options: ExploreOptions = {}): Promise<number> {
    const report = await explore(program, { ...bare, ...options, strategy, runs: 1 });
    return report.space!.schedules;
  }

  test.each([[[5, 5]], [[3, 3, 3]], [[4, 4, 4]], [[1, 2, 3, 1]]])(
    'of independent tasks of %j steps is estimated exactly, up front',
    async (lengths) => {
      expect(await estimate(chains(...lengths))).toBe(await executions(chains(...lengths)));
    },
  );

  test.each([
    [exhaustive({ preemptions: 2 }), 192, {}],
    [exhaustive({ preemptions: 4 }), 1062, {}],
    [exhaustive({ delays: 3 }), 34, {}],
  ])('within bounds it is estimated by probes: %#', async (strategy, known, options) => {
    const schedules = await executions(chains(3, 3, 3), strategy, options);
    if (known !== 34) expect(schedules).toBe(known);
    const estimated = await estimate(chains(3, 3, 3), strategy, options);
    expect(estimated / schedules).toBeGreaterThan(0.8);
    expect(estimated / schedules).toBeLessThan(1.25);
  });

  test('and with bursts', async () => {
    const schedules = await executions(chains(3, 3), exhaustive(), { bursts: 1 });
    const estimated = await estimate(chains(3, 3), exhaustive(), { bursts: 1 });
    expect(estimated / schedules).toBeGreaterThan(0.8);
    expect(estimated / schedules).toBeLessThan(1.25);
  });

  test('is known when all has been run, and told while it has not', async () => {
    const whole = await explore(chains(3, 3), { strategy: 'exhaustive', seed: 1 });
    expect(whole.space).toEqual({ schedules: 20 });
    expect(whole.warnings).toEqual([]);
    const part = await explore(chains(5, 5), { strategy: 'exhaustive', seed: 1, runs: 100 });
    expect(part.space?.schedules).toBeGreaterThan(100);
    expect(part.space?.cursor).toMatch(/^sx1\./);
    expect(part.warnings[0]?.name).toBe('unfinished');
    expect(part.warnings[0]?.detail).toMatch(/^100 of about \d+ schedules were run: raise 'runs'/);
  });

  test('progress tells how many schedules there are and how long they will take', async () => {
    const told: Progress[] = [];
    const onProgress = (progress: Progress): void => void told.push(progress);
    await explore(chains(5, 5, 5), { strategy: 'exhaustive', runs: 1e6, budgetMs: 200, seed: 1, onProgress });
    expect(told.at(-1)!.schedules).toBeGreaterThan(500_000);
    expect(told.at(-1)!.leftMs).toBeGreaterThan(0);
  });

  test.each([[{}], [{ preemptions: 3 }], [{ delays: 4 }]])(
    'can be run in parts, each of which goes on where the one before left off: %j',
    async (bounds) => {
      const all = await executions(chains(3, 3, 2), exhaustive(bounds));
      const seen = new Set<string>();
      let runs = 0;
      let cursor: string | undefined;
      do {
        const strategy = exhaustive(cursor === undefined ? bounds : { resume: cursor });
        const body = async (sim: Sim): Promise<void> => void seen.add(await chains(3, 3, 2)(sim));
        const report = await explore(body, { ...bare, strategy, runs: 17 });
        runs += report.executions;
        cursor = report.space?.cursor;
        expect(report.exhaustive).toBe(cursor === undefined);
      } while (cursor !== undefined);
      expect(runs).toBe(all);
      expect(seen.size).toBe(all);
    },
  );

  test('what cannot be resumed is refused, or told', async () => {
    const { space } = await explore(chains(3, 3), { ...bare, strategy: exhaustive({ preemptions: 2 }), runs: 3 });
    const resume = space!.cursor!;
    expect(() => exhaustive({ resume: 'st1.abc' })).toThrow(/no cursor of this version, or it is damaged/);
    for (const [i, char] of [...resume].entries()) {
      const damaged = `${resume.slice(0, i)}${char === 'A' ? 'B' : 'A'}${resume.slice(i + 1)}`;
      expect(() => exhaustive({ resume: damaged })).toThrow(StraddleError);
    }
    expect(() => exhaustive({ resume, preemptions: 1 })).toThrow(
      'The exploration to resume was bounded by 2 preemptions, not by 1; leave the bound out.',
    );
    const { failure } = await explore(chains(1, 1), { ...bare, strategy: exhaustive({ resume }) });
    expect(failure?.kind).toBe('nondeterminism');
    expect(failure?.message).toContain('resumed with another body, seed or options');
  });
});
