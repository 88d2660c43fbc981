import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { point } from '../../../src/index.ts';
import { currentSim, interleavings, schedulerFrom } from '../../../src/fast-check.ts';

/*
 * The races that fast-check's guide teaches with, in our words: calls that have to be made one after the other, an
 * answer for a question that has changed, a profile that is shown after the user has moved on; and one that is rarer.
 */

type Call = (n: number) => Promise<number>;

/** Something to be called out of order: resolves when whoever orders calls says so. */
type Slow = <T>(label: string, answer: () => T) => Promise<T>;

interface Race {
  /** Few orders show it. */
  readonly isRare?: true;
  readonly inputs: fc.Arbitrary<number[]>;
  /** Runs the program on the inputs, with calls that take as long as `slow` likes; throws if it went wrong. */
  readonly program: (inputs: number[], slow: Slow, done: () => Promise<unknown>) => Promise<void>;
}

/** Broken: starts each call at once, and only hands out the results in order. */
function inOrder(call: Call): Call {
  let last: Promise<unknown> = Promise.resolve();
  return (n) => {
    const current = call(n);
    const result = last.then(() => current);
    last = result.catch(() => undefined);
    return result;
  };
}

/** Broken: one after the other, until one fails; then none is made any more. */
function untilOneFails(call: Call): Call {
  let last: Promise<unknown> = Promise.resolve();
  return (n) => {
    const result = last.then(() => call(n));
    last = result;
    return result;
  };
}

const RACES: Record<string, Race> = {
  'calls that ought to wait for each other overlap': {
    inputs: fc.uniqueArray(fc.nat(9), { minLength: 2, maxLength: 6 }),
    program: async (inputs, slow, done) => {
      let running = 0;
      const call = inOrder(async (n) => {
        if (++running > 1) throw new Error('two calls at once');
        const answer = await slow(`call(${n})`, () => n);
        running--;
        return answer;
      });
      const all = Promise.allSettled(inputs.map((n) => call(n)));
      await done();
      for (const outcome of await all) if (outcome.status === 'rejected') throw outcome.reason;
    },
  },
  'a call that fails keeps the others from being made': {
    inputs: fc.uniqueArray(fc.nat(9), { minLength: 2, maxLength: 6 }),
    program: async (inputs, slow, done) => {
      const made: number[] = [];
      const call = untilOneFails(async (n) => {
        made.push(n);
        return slow(`call(${n})`, () => {
          if (n === 7) throw new TypeError('seven');
          return n;
        });
      });
      const all = Promise.allSettled(inputs.map((n) => call(n)));
      await done();
      await all;
      if (made.length < inputs.length) throw new Error(`${made.length} of ${inputs.length} calls were made`);
    },
  },
  'the answer to an older question is shown': {
    inputs: fc.uniqueArray(fc.nat(9), { minLength: 2, maxLength: 6 }),
    program: async (inputs, slow, done) => {
      let shown = -1;
      const asked = inputs.map(async (n) => {
        shown = await slow(`search(${n})`, () => n);
      });
      await done();
      await Promise.all(asked);
      if (inputs.length > 0 && shown !== inputs.at(-1)) throw new Error('a stale answer is shown');
    },
  },
  'the profile of another user is shown': {
    inputs: fc.uniqueArray(fc.nat(9), { minLength: 2, maxLength: 4 }),
    program: async (inputs, slow, done) => {
      let user = -1;
      let profile = { user: -1, name: '' };
      const visits = inputs.map(async (n) => {
        user = n;
        const name = await slow(`name(${n})`, () => `user ${n}`);
        const friends = await slow(`friends(${n})`, () => n);
        profile = { user: friends, name };
      });
      await done();
      await Promise.all(visits);
      if (inputs.length > 0 && profile.user !== user) throw new Error(`${profile.name} is shown to user ${user}`);
    },
  },
};

RACES['more than three at once'] = {
  isRare: true,
  inputs: fc.array(fc.nat(9), { minLength: 4, maxLength: 4 }),
  program: async (inputs, slow, done) => {
    let running = 0;
    let most = 0;
    const calls = inputs.map(async (n) => {
      await slow(`open(${n})`, () => n);
      most = Math.max(most, ++running);
      await slow(`query(${n})`, () => n);
      running--;
    });
    await done();
    await Promise.all(calls);
    if (most > 3) throw new Error(`${most} connections at once`);
  },
};

const SEEDS = process.env['STRADDLE_DEEP'] === '1' ? 100 : 10;

/** Runs a program once; counts executions up to the first that fails. */
type Counted = (run: () => Promise<void>) => Promise<void>;

/** Executions until the first failure, over all seeds. */
async function executionsOf(check: (seed: number, counted: Counted) => Promise<boolean>): Promise<number> {
  let executions = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    let hasFailed = false;
    const counted: Counted = async (run) => {
      // Whatever confirms and minimises the failure has nothing to do: here only the search counts.
      if (hasFailed) return;
      executions++;
      try {
        await run();
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    };
    expect(await check(seed, counted)).toBe(true);
  }
  return executions;
}

describe.each(Object.entries(RACES))('%s', (_name, { inputs, program, isRare }) => {
  const theirs = (seed: number, counted: Counted): Promise<boolean> =>
    failed(
      fc.asyncProperty(inputs, fc.scheduler(), async (list, s) => {
        await counted(() =>
          program(
            list,
            (label, answer) => s.schedule(Promise.resolve(), label).then(answer),
            () => s.waitIdle(),
          ),
        );
      }),
      { seed },
    );
  const compatible = (seed: number, counted: Counted): Promise<boolean> =>
    failed(
      fc.asyncProperty(inputs, async (list) => {
        const s = schedulerFrom(currentSim());
        await counted(() =>
          program(
            list,
            (label, answer) => s.schedule(Promise.resolve(), label).then(answer),
            () => s.waitIdle(),
          ),
        );
      }),
      { seed, plugins: [interleavings({ runs: 10 })] },
    );
  const plugin = (seed: number, counted: Counted): Promise<boolean> =>
    failed(
      fc.asyncProperty(inputs, async (list) => {
        const slow: Slow = async (label, answer) => {
          await point(label);
          return answer();
        };
        await counted(() => program(list, slow, () => Promise.resolve()));
      }),
      { seed, plugins: [interleavings({ runs: 10 })] },
    );

  test('is found by the changed line and by the plugin', async () => {
    const [changed, plugged, many] = [
      await executionsOf(compatible),
      await executionsOf(plugin),
      await executionsOf(theirs),
    ];
    // The first execution of each value is in natural order, which shows some races at once, and others never.
    const most = isRare === true ? many / 2 : many + 2 * SEEDS;
    expect(changed).toBeLessThanOrEqual(most);
    expect(plugged).toBeLessThanOrEqual(most);
  });
});

/** Whether the property fails; what comes after the first failure does not count. */
async function failed<T>(property: fc.IAsyncProperty<T>, parameters: fc.Parameters<T>): Promise<boolean> {
  const details = await fc.check(property, { ...parameters, numRuns: 500, endOnFailure: true });
  return details.failed;
}
