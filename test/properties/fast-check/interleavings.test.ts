import fc from 'fast-check';
import { describe, expect, expectTypeOf, test, vi } from 'vitest';
import { CheckError, currentSim, interleavings, StraddleError } from '../../../src/fast-check.ts';
import { decodeToken } from '../../../scheduler/token.ts';
import { requirePlugins } from '../../../properties/fast-check/interleavings.ts';
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import * as timers from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { concurrently, operations, type Operation } from './bank.ts';

/** Two tasks that may run in either order. */
async function either(): Promise<void> {
  const sim = currentSim();
  let first = '';
  const task = async (name: string): Promise<void> => {
    await sim.point('enter');
    first ||= name;
  };
  await Promise.all([sim.spawn('a', () => task('a')), sim.spawn('b', () => task('b'))]);
  sim.branch(`${first} first`);
}

async function thrownBy(promise: Promise<unknown>): Promise<CheckError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CheckError);
  return error as CheckError;
}

describe('the error of fc.assert', () => {
  test('has seed and path, the counterexample, the story, and a token', async () => {
    const error = await thrownBy(
      fc.assert(fc.asyncProperty(operations, concurrently), { seed: 7, plugins: [interleavings({ runs: 50 })] }),
    );
    const token = error.report.failure!.token;
    expect(error.message.replace(token, 'st1.…')).toMatchInlineSnapshot(`
      "Property failed after 1 tests
      { seed: 7, path: "0:1:0:1:1:1", endOnFailure: true }
      Counterexample: [[{"kind":"increment","note":0},{"kind":"increment","note":0}]]
      Shrunk 5 time(s)

      Hint: Enable verbose mode in order to have the list of all failing values encountered during the run

      error: an increment was lost
      (found by natural in execution 1; 1 deviation from steady order, 1 preemption; reach: today)
      It passes if increment passes increment:read before increment#2 starts in step 2 (>).

           0  main         starts
           1  increment    starts          test/properties/fast-check/bank.ts:29:49
      >    2  increment#2  starts          test/properties/fast-check/bank.ts:29:49
           3  increment#2  increment:read  test/properties/fast-check/bank.ts:26:15
           4  increment    increment:read  test/properties/fast-check/bank.ts:26:15

      Replay: run this one property with STRADDLE_REPLAY=st1.…"
    `);
    expect((error.cause as Error).message).toBe('an increment was lost');
  });

  test('the same fast-check seed brings the same schedules, in any process', async () => {
    const tokens = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const details = await fc.check(fc.asyncProperty(operations, concurrently), {
        seed: 99,
        plugins: [interleavings({ runs: 50 })],
      });
      tokens.add((details.errorInstance as CheckError).report.failure!.token);
    }
    expect(tokens.size).toBe(1);
  });

  test("a reporter of the user's own gets the whole story", async () => {
    const reporter = vi.fn();
    const property = fc.asyncProperty(operations, concurrently);
    await fc.assert(property, { seed: 7, reporter, plugins: [interleavings({ runs: 50 })] });
    const [details] = reporter.mock.calls[0] as [fc.RunDetails<unknown>];
    expect((details.errorInstance as Error).message).toContain('STRADDLE_REPLAY=st1.');
    const included = fc.assert(property, {
      seed: 7,
      includeErrorInReport: true,
      plugins: [interleavings({ runs: 50 })],
    });
    await expect(included).rejects.toThrow(/Got [^]*STRADDLE_REPLAY=st1\./);
  });
});

describe('branches', () => {
  test('are judged over the whole property: a value need not show them all', async () => {
    const property = fc.asyncProperty(fc.boolean(), async (isRacing) => {
      if (isRacing) await either();
    });
    await fc.assert(property, { plugins: [interleavings({ branches: ['a first', 'b first'] })] });
  });

  test('that never ran make the property vacuous', async () => {
    const property = fc.asyncProperty(fc.nat(), either);
    const error = await thrownBy(
      fc.assert(property, { plugins: [interleavings({ runs: 10, branches: ['a first', 'b first', 'c first'] })] }),
    );
    expect(error.message).toContain("The branch 'c first' was never taken in 1000 executions");
    expect(error.report.branches['a first']!.executions).toBeGreaterThan(0);
  });

  test('a property with one interleaving is vacuous, unless told otherwise', async () => {
    const property = fc.asyncProperty(fc.nat(), async () => undefined);
    await expect(fc.assert(property, { plugins: [interleavings()] })).rejects.toThrow('no-choice');
    await fc.assert(property, { plugins: [interleavings({ vacuity: 'off' })] });
  });

  test('of discarded executions do not count', async () => {
    const property = fc.asyncProperty(fc.nat(1), async (n) => {
      currentSim().branch('met');
      fc.pre(n === 1);
      await either();
    });
    const plugins = [interleavings({ runs: 10, branches: { met: { every: true }, 'a first': {}, 'b first': {} } })];
    const { numSkips, failed } = await fc.check(property, { numRuns: 20, plugins });
    expect([numSkips > 0, failed]).toEqual([true, false]);
  });
});

describe("fast-check's own options", () => {
  const failing = fc.asyncProperty(operations, concurrently);
  const racing = [
    { kind: 'increment' as const, note: 5 },
    { kind: 'read' as const, note: 6 },
    { kind: 'increment' as const, note: 7 },
  ];

  test('examples are run first, and shrunk', async () => {
    const details = await fc.check(failing, { examples: [[racing]], plugins: [interleavings()] });
    expect(details.counterexamplePath).toMatch(/^0:/);
    expect(details.counterexample).toEqual([[racing[0], racing[2]].map((operation) => ({ ...operation, note: 0 }))]);
    // To TypeScript, too.
    expectTypeOf(details.counterexample!).toEqualTypeOf<[Operation[]]>();
    expectTypeOf(interleavings()).toExtend<Parameters<typeof fc.installGlobalPlugin>[0]>();
  });

  test('endOnFailure keeps the value, and minimises its order', async () => {
    const details = await fc.check(failing, { examples: [[racing]], endOnFailure: true, plugins: [interleavings()] });
    expect([details.counterexample, details.numShrinks]).toEqual([[racing], 0]);
    expect((details.errorInstance as CheckError).report.failure!.preemptions).toBe(1);
  });

  test('verbosity lists failures, then all values', async () => {
    const verbose = await fc.check(failing, { seed: 7, verbose: 1, plugins: [interleavings({ runs: 50 })] });
    expect(verbose.failures.length).toBe(verbose.numShrinks + 1);
    const very = fc.assert(failing, { seed: 7, verbose: 2, plugins: [interleavings({ runs: 50 })] });
    await expect(very).rejects.toThrow(/Execution summary:[^]*STRADDLE_REPLAY=/);
  });

  test('pre, beforeEach and afterEach work per execution', async () => {
    const calls = { before: 0, after: 0, body: 0 };
    const property = fc
      .asyncProperty(fc.nat(9), async (n) => {
        fc.pre(n !== 3);
        calls.body++;
        await either();
      })
      .beforeEach(() => void calls.before++)
      .afterEach(() => void calls.after++);
    const details = await fc.check(property, { numRuns: 20, plugins: [interleavings({ runs: 5, seed: 1 })] });
    expect(details.numRuns).toBe(20);
    expect(calls.before).toBe(calls.after);
    // Skipped values run once; some executions are repeated, to see that nothing uncontrolled leaks in.
    expect(calls.before).toBe(calls.body + details.numSkips);
    expect(calls.body).toBeGreaterThanOrEqual(100);
  });

  test.each([
    ['skipEqualValues', { skipEqualValues: true }, []],
    ['ignoreEqualValues', { ignoreEqualValues: true }, []],
    ['the plugin skipEqualValues, outside', {}, [fc.skipEqualValues(), interleavings({ runs: 10 })]],
    ['the plugin ignoreEqualValues, inside', {}, [interleavings({ runs: 10 }), fc.ignoreEqualValues()]],
  ] as const)('%s', async (_name, parameters, plugins) => {
    const executions = new Map<number, number>();
    const property = fc.asyncProperty(fc.nat(2), async (n) => {
      executions.set(n, (executions.get(n) ?? 0) + 1);
      await either();
    });
    const details = await fc.check(property, {
      numRuns: 3,
      ...parameters,
      plugins: plugins.length > 0 ? [...plugins] : [interleavings({ runs: 10 })],
    });
    expect(details.failed).toBe(false);
    // Every value is examined once, with all its schedules; a few of them are repeated as a check.
    for (const count of executions.values()) expect(count).toBeLessThan(20);
    expect(Math.min(...executions.values())).toBeGreaterThanOrEqual(10);
  });

  test.each([
    ['interruptAfterTimeLimit', { interruptAfterTimeLimit: 500 }, false],
    ['markInterruptAsFailure', { interruptAfterTimeLimit: 500, markInterruptAsFailure: true }, true],
  ])('%s', async (_name, parameters, failed) => {
    const details = await fc.check(fc.asyncProperty(fc.nat(), either), {
      numRuns: 1_000_000,
      ...parameters,
      plugins: [interleavings({ runs: 10 })],
    });
    expect([details.interrupted, details.failed]).toEqual([true, failed]);
    expect(details.numRuns).toBeGreaterThan(0);
  });

  test('a value that takes longer than the time limit is left', async () => {
    const details = await fc.check(fc.asyncProperty(fc.nat(), either), {
      interruptAfterTimeLimit: 60,
      plugins: [interleavings({ runs: 10_000_000, strategy: 'random' })],
    });
    expect(details).toMatchObject({ interrupted: true, numRuns: 0 });
  });

  test('a failure that the time limit leaves no time to tell is reported with a token all the same', async () => {
    const wait: fc.Plugin<unknown> = () => ({
      decorateRun: (nested) => async (value) => {
        const outcome = await nested(value);
        if (outcome !== null) await sleep(350);
        return outcome;
      },
    });
    const { errorInstance } = await fc.check(fc.asyncProperty(operations, concurrently), {
      seed: 7,
      interruptAfterTimeLimit: 300,
      endOnFailure: true,
      plugins: [wait, interleavings({ runs: 50 })],
    });
    expect((errorInstance as CheckError).message).toMatch(
      /an increment was lost[^]*\n\nA time limit was over [^]*STRADDLE_REPLAY=st1\./,
    );
    // Nothing was watched, so nobody knows that there were no awaits.
    const [, token = ''] = /STRADDLE_REPLAY=(st1\.\S+)/.exec((errorInstance as CheckError).message) ?? [];
    expect(decodeToken(token).granularity).toBe('await');
  });

  test('a time limit is real where the clock and the timers of fast-check are dispatchers', () => {
    const code = `
      import fc from 'fast-check';
      import { currentSim, interleavings } from 'straddle/fast-check';
      const either = async () => {
        const sim = currentSim();
        await Promise.all([sim.spawn('a', () => sim.point('x')), sim.spawn('b', () => sim.point('x'))]);
      };
      const run = async (parameters) => {
        const plugins = [interleavings({ runs: 20 })];
        const { interrupted, failed, numRuns } = await fc.check(fc.asyncProperty(fc.nat(), either), { ...parameters, plugins });
        return { interrupted, failed, hasRun: numRuns > 0 };
      };
      const enough = await run({ interruptAfterTimeLimit: 60_000, numRuns: 5 });
      const short = await run({ interruptAfterTimeLimit: 200, numRuns: 1_000_000 });
      console.log(JSON.stringify([enough, short]));`;
    const register = ['--import', resolve('dist/src/instrument/register.js')];
    const out = execFileSync(process.execPath, [...register, '--input-type=module', '-e', code], { encoding: 'utf8' });
    expect(JSON.parse(out)).toEqual([
      { interrupted: false, failed: false, hasRun: true },
      { interrupted: true, failed: false, hasRun: true },
    ]);
  });

  test('the budget interrupts as a time limit does', async () => {
    const plugins = [interleavings({ budgetMs: 500, runs: 10 })];
    const details = await fc.check(fc.asyncProperty(fc.nat(), either), { numRuns: 1_000_000, plugins });
    expect([details.interrupted, details.failed]).toEqual([true, false]);
  });

  test('timeout, outside, gives up waiting and shrinks no further', async () => {
    const slow = fc.asyncProperty(fc.nat(), either);
    const plugins = [fc.timeout(50), interleavings({ runs: 10_000_000, strategy: 'random' })];
    const details = await fc.check(slow, { endOnFailure: true, plugins });
    expect((details.errorInstance as Error).message).toContain('exceeded limit of 50 milliseconds');
    // The exploration that nobody waits for is over, too.
    await sleep(5);
    await fc.assert(slow, { numRuns: 2, plugins: [interleavings({ runs: 10 })] });
  });

  test("named imports of built-in modules are the host's own again after the last value", async () => {
    const before = timers.setTimeout;
    const during = new Set<unknown>();
    const property = fc.asyncProperty(fc.nat(), async () => {
      during.add(timers.setTimeout);
      await either();
    });
    await fc.assert(property, { numRuns: 5, plugins: [interleavings({ runs: 5 })] });
    expect(timers.setTimeout).toBe(before);
    expect(during.has(before)).toBe(false);
  });

  test('context prints what the counterexample logged', async () => {
    const property = fc.asyncProperty(fc.context(), async (context) => {
      const sim = currentSim();
      const log = async (name: string): Promise<void> => {
        await sim.point('log');
        context.log(name);
      };
      await Promise.all([sim.spawn('a', () => log('a')), sim.spawn('b', () => log('b'))]);
      if (/"b","a"/.test(fc.stringify(context))) throw new Error('b came first');
    });
    const details = await fc.check(property, { plugins: [interleavings()] });
    expect(fc.stringify(details.counterexample)).toBe('[{"logs":["b","a"]}]');
  });

  test('configureGlobal and global plugins', async () => {
    const before = vi.fn(async () => undefined);
    fc.configureGlobal({ numRuns: 3, asyncBeforeEach: before });
    try {
      const details = await fc.check(fc.asyncProperty(fc.nat(), either), { plugins: [interleavings({ runs: 10 })] });
      expect([details.numRuns, before.mock.calls.length >= 30]).toEqual([3, true]);
    } finally {
      fc.resetConfigureGlobal();
    }
  });
});

describe('wrong use is one clear sentence', () => {
  test('a synchronous property', () => {
    const run = (): void =>
      fc.assert(
        fc.property(fc.nat(), () => undefined),
        { plugins: [interleavings()] },
      );
    expect(run).toThrow(
      'interleavings() needs an asynchronous property: write fc.asyncProperty(…) instead of fc.property(…).',
    );
  });

  test('a fast-check without plugins', () => {
    for (const version of ['3.23.2', '4.9.0', undefined]) {
      expect(() => requirePlugins(version)).toThrow(/needs fast-check 4.10 or newer, which has plugins; this is /);
    }
    for (const version of ['4.10.0', '4.11.3', '5.0.0']) requirePlugins(version);
  });

  test("fast-check's scheduler in the same predicate", async () => {
    const body = vi.fn(async () => undefined);
    for (const arbitrary of [fc.scheduler(), fc.record({ s: fc.scheduler() })]) {
      const run = fc.assert(fc.asyncProperty(fc.nat(), arbitrary, body), { plugins: [interleavings()] });
      await expect(run).rejects.toThrow('take schedulerFrom(currentSim()) instead of it');
    }
    expect(body).not.toHaveBeenCalled();
  });

  test.each([
    [{ rusn: 5 }, "There is no option 'rusn' (did you mean 'runs'?)"],
    [{ runs: 0 }, 'runs must be a whole number of 1 or more, not 0.'],
    [{ expect: 'fail' }, "interleavings() has no option 'expect': fast-check judges a property."],
    [null, 'The options must be an object.'],
  ])('options: %o', (options, message) => {
    expect(() => interleavings(options as object)).toThrow(message);
  });

  test('a branch that was not declared, and a sim where there is none', async () => {
    const run = fc.assert(fc.asyncProperty(fc.nat(), either), { plugins: [interleavings({ branches: ['x'] })] });
    await expect(run).rejects.toThrow(/The branch '. first' was never declared/);
    expect(() => currentSim()).toThrow(StraddleError);
  });
});
