import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { currentSim, interleavings, schedulerFrom } from '../../../src/fast-check.ts';
import { check, explore, type Sim } from '../../../src/index.ts';

/** A program on the common interface, and the orders in which what it logged can come. */
type Program = (scheduler: fc.Scheduler<string>, log: (entry: string) => void) => Promise<void>;

/** All orders that fast-check's own scheduler shows. */
async function ordersOfFastCheck(program: Program): Promise<Set<string>> {
  const orders = new Set<string>();
  for (const scheduler of fc.sample(fc.scheduler<string>(), 200)) {
    const log: string[] = [];
    await program(scheduler, (entry) => log.push(entry));
    orders.add(log.join(' '));
  }
  return orders;
}

/** All orders that straddle shows. */
async function ordersOfStraddle(program: Program): Promise<Set<string>> {
  const orders = new Set<string>();
  await check(
    async (sim) => {
      const log: string[] = [];
      await program(schedulerFrom<string>(sim), (entry) => log.push(entry));
      orders.add(log.join(' '));
    },
    { runs: 400, vacuity: 'off' },
  );
  return orders;
}

const tell =
  (log: (entry: string) => void, name: string) =>
  async (promise: Promise<unknown>): Promise<void> => {
    const outcome = await promise.then(String, (error: Error) => `!${error.message}`);
    log(`${name}=${outcome}`);
  };

const PROGRAMS: Record<string, Program> = {
  'schedule, waitAll': async (s, log) => {
    for (const name of ['a', 'b', 'c']) void tell(log, name)(s.schedule(Promise.resolve(name), name));
    log(`${s.count()} scheduled`);
    await s.waitAll();
    log(`${s.count()} left`);
  },
  'one at a time': async (s, log) => {
    for (const name of ['a', 'b', 'c']) void tell(log, name)(s.schedule(Promise.resolve(1), name));
    await s.waitOne();
    // fast-check's wait is over a few ticks before the task is.
    for (let i = 0; i < 10; i++) await Promise.resolve();
    log('then');
    await s.waitNext(2);
    log('end');
  },
  'functions and failures': async (s, log) => {
    const call = s.scheduleFunction(async function call(n: number) {
      if (n === 2) throw new Error('two');
      return n;
    });
    for (const n of [1, 2, 3]) void tell(log, `call(${n})`)(call(n));
    await s.waitIdle();
  },
  'sequences interleave with others': async (s, log) => {
    const { task } = s.scheduleSequence([
      async () => log('s1'),
      { label: 'second', metadata: 'm', builder: async () => log('s2') },
    ]);
    void tell(log, 'x')(s.schedule(Promise.resolve()));
    await s.waitIdle();
    log(inspect(await task));
  },
  'a sequence that fails stops': async (s, log) => {
    const sequence = s.scheduleSequence([
      async () => {
        log('s1');
        throw new Error('stop');
      },
      async () => log('never'),
    ]);
    await s.waitFor(sequence.task);
    log(`${sequence.done} ${sequence.faulty}`);
  },
  'waitFor waits for as little as it takes': async (s, log) => {
    const needed = s.schedule(Promise.resolve('needed'), 'needed');
    for (const name of ['a', 'b']) void tell(log, name)(s.schedule(Promise.resolve(name), name));
    log(await s.waitFor(needed));
    log(`${s.count()} left`);
  },
  'waitFor fails as its promise does': async (s, log) => {
    await tell(log, 'waitFor')(s.waitFor(s.schedule(Promise.reject(new Error('bad')))));
  },
  'what is scheduled by what was scheduled': async (s, log) => {
    const chain = async (name: string): Promise<void> => {
      for (let i = 0; i < 2; i++) {
        await s.schedule(Promise.resolve(), `${name}${i}`);
        log(`${name}${i}`);
      }
    };
    void chain('a');
    void chain('b');
    await s.waitIdle();
    log('idle');
  },
  'the report': async (s, log) => {
    void s.schedule(Promise.resolve(7), 'seven', 'meta');
    const bad = Promise.reject(new Error('no'));
    bad.catch(() => undefined);
    s.schedule(bad, 'no').catch(() => undefined);
    void s.schedule(Promise.resolve(), 'nothing');
    await s.waitNext(2);
    log(inspect(s.report().toSorted((a, b) => a.taskId - b.taskId)));
    log(String(s));
  },
  'two waits at once': async (s, log) => {
    const [a] = ['a', 'b', 'c'].map((name) => tell(log, name)(s.schedule(Promise.resolve(name), name)));
    await Promise.all([s.waitAll(), s.waitAll(), s.waitIdle(), s.waitFor(a!)]);
    void tell(log, 'd')(s.schedule(Promise.resolve('d'), 'd'));
    const one = s.waitOne();
    log(`${s.count()} left`);
    await Promise.all([one, s.waitAll(), s.waitIdle()]);
  },
  'a wait whose act lets nothing go leaves it to others': async (s, log) => {
    void tell(log, 'a')(s.schedule(Promise.resolve('a'), 'a'));
    await s.waitOne(async () => undefined);
    log(`${s.count()} left`);
    await s.waitAll();
  },
  'what is no promise': async (s, log) => {
    const lazy = { then: (resolve: (value: string) => void) => (log('begun'), resolve('lazy')) };
    void tell(log, 'value')(s.schedule('value' as unknown as Promise<string>, 'value'));
    await s.waitAll();
    void tell(log, 'lazy')(s.schedule(lazy as unknown as Promise<string>, 'lazy'));
    for (let i = 0; i < 5; i++) await Promise.resolve();
    log('scheduled');
    await s.waitAll();
    const call = s.scheduleFunction((n: number) => n as unknown as Promise<number>);
    void tell(log, 'call')(call(1));
    await s.waitAll();
  },
  'nothing to wait for': async (s, log) => {
    await s.waitAll();
    await s.waitIdle();
    await s.waitNext(0);
    try {
      await s.waitOne();
    } catch (error) {
      log((error as Error).message.slice(0, 7));
    }
  },
};

describe.each(Object.entries(PROGRAMS))('%s', (_name, program) => {
  test("has the orders that fast-check's scheduler has", async () => {
    expect([...(await ordersOfStraddle(program))].sort()).toEqual([...(await ordersOfFastCheck(program))].sort());
  });
});

test('acts surround what is let go, from the outside in', async () => {
  const program =
    (from: (act: (run: () => Promise<void>) => Promise<void>) => fc.Scheduler<string>) =>
    async (): Promise<string[]> => {
      const log: string[] = [];
      const act = (name: string) => async (run: () => Promise<void>) => {
        log.push(`${name} {`);
        await run();
        log.push(`} ${name}`);
      };
      const s = from(act('all'));
      s.schedule(Promise.resolve(), 'a', undefined, act('task')).then(
        () => log.push('a'),
        () => undefined,
      );
      await s.waitNext(1, act('wait'));
      return log;
    };
  const theirs = await program((act) => fc.sample(fc.scheduler<string>({ act }), 1)[0]!)();
  let ours: string[] = [];
  await explore(
    async (sim) => {
      ours = await program((act) => schedulerFrom<string>(sim, { act }))();
    },
    { runs: 1 },
  );
  expect(ours).toEqual(theirs);
});

test('idleness is exact: a chain of 1000 ticks is waited for', async () => {
  const long = async (sim: Sim): Promise<void> => {
    const s = schedulerFrom(sim);
    let isLate = false;
    const ticks = async (): Promise<void> => {
      await s.schedule(Promise.resolve(), 'first');
      for (let i = 0; i < 1000; i++) await Promise.resolve();
      void s.schedule(Promise.resolve(), 'second').then(() => (isLate = true));
    };
    void ticks();
    await s.waitIdle();
    if (!isLate) throw new Error('the second one was missed');
  };
  await check(long, { runs: 20, vacuity: 'off' });
});

test('works under the plugin, and needs a sim', async () => {
  const property = fc.asyncProperty(fc.array(fc.nat(), { minLength: 2, maxLength: 4 }), async (list) => {
    const s = schedulerFrom(currentSim());
    const seen: number[] = [];
    for (const [i] of list.entries()) void s.schedule(Promise.resolve(), `${i}`).then(() => seen.push(i));
    await s.waitAll();
    if (seen[0]! > seen.at(-1)!) throw new Error('out of order');
  });
  const details = await fc.check(property, { plugins: [interleavings({ runs: 20 })] });
  expect(details.counterexample).toEqual([[0, 0]]);
  expect(() => schedulerFrom({} as Sim)).toThrow('This needs the sim of a controlled execution.');
});
