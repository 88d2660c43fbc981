import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STRATEGIES, type StrategyName } from '../../properties/strategies.ts';
import { explore, type Sim, type Strategy } from '../../src/index.ts';
import { endingPrograms, programs } from './programs/arbitrary.ts';
import { answer, type Answer, type Question } from './programs/digest.ts';
import { freshProcess } from './programs/process.ts';
import { bodyOf, type Act } from './programs/program.ts';

const strategies = Object.keys(STRATEGIES) as StrategyName[];
const strategy = fc.constantFrom(...strategies);
const options = { runs: 12, maxSteps: 120, vacuity: 'off' } as const;
const seeds = fc.nat();
const ask = freshProcess();

/** The questions of a fixed sample of programs, so that another process can be asked too. */
function questions(count: number): Question[] {
  return fc
    .sample(fc.tuple(programs, strategy, seeds), { numRuns: count, seed: 42 })
    .map(([program, name, seed]) => ({ program, options: { ...options, strategy: name, seed, leaks: 'fail' } }));
}

describe('law 1: same body, options and seed give the same executions', () => {
  test('in one process', async () => {
    for (const question of questions(25)) expect(await answer(question)).toEqual(await answer(question));
  });

  test('in a fresh process, and with the fall-back drain', async () => {
    const asked = questions(20);
    const here: Answer[] = [];
    for (const question of asked) here.push(await answer(question));
    expect(ask(asked)).toEqual(here);
    // A livelock takes long that way.
    const short = here.flatMap(({ kind }, i) => (kind === 'livelock' ? [] : [i])).slice(0, 8);
    const turning = ask(
      short.map((i) => asked[i]!),
      { STRADDLE_DRAIN: 'turn' },
    );
    expect(turning).toEqual(short.map((i) => here[i]));
  });
});

test('law 2: a token replays the recorded trace, here and in a fresh process', async () => {
  const replays: Question[] = [];
  const found = [];
  for (const question of questions(40)) {
    const { token, kind, message } = await answer(question);
    if (token === undefined) continue;
    found.push({ verdict: 'fail', kind, message, token });
    replays.push({ program: question.program, token });
  }
  expect(found.length).toBeGreaterThan(10);
  const here = [];
  for (const question of replays) here.push(await answer(question));
  expect(here).toMatchObject(found);
  expect(ask(replays)).toEqual(here);
});

/** In which two tasks await every promise, all of which are resolved. */
const settling = endingPrograms.map(({ tasks, exact }) => ({
  tasks: [...tasks, acts('await'), acts('await'), [{ do: 'immediate' } as const, ...acts('resolve')]],
  exact,
}));

function acts(what: 'await' | 'resolve'): Act[] {
  return [0, 1, 2].map((promise) => ({ do: what, promise }));
}

describe('law 5', () => {
  test.each(strategies)('%s: nothing is chosen before it is enabled, while held, or twice', async (name) => {
    await fc.assert(
      fc.asyncProperty(endingPrograms, seeds, async (program, seed) => {
        const watched = watch(STRATEGIES[name]());
        const inner = bodyOf(program);
        const body = async (sim: Sim): Promise<void> => {
          sim.hold('held');
          void sim.spawn('prisoner', () => sim.point('held')).catch(() => undefined);
          await inner(sim);
        };
        // Without the engine's own bursts, which may ask and then drain first.
        await explore(body, { ...options, seed, strategy: watched, bursts: 0 });
        expect(watched.complaint).toBe('');
      }),
      { numRuns: 8 },
    );
  });

  test.each(strategies)('%s: reactions of one promise keep their order', async (name) => {
    let reactions = 0;
    await fc.assert(
      fc.asyncProperty(settling, seeds, async (program, seed) => {
        const logs: string[][] = [];
        const body = (sim: Sim): Promise<void> => {
          const log: string[] = [];
          logs.push(log);
          return bodyOf(program, (line) => log.push(line))(sim);
        };
        await explore(body, { ...options, seed, strategy: name });
        for (const log of logs) {
          for (const promise of ['p0', 'p1', 'p2']) {
            const waiting = actorsOf(log, `awaits ${promise}`);
            const gone = actorsOf(log, `got ${promise}`);
            expect(waiting.slice(0, gone.length)).toEqual(gone);
            reactions += gone.length;
          }
        }
      }),
      { numRuns: 8 },
    );
    expect(reactions).toBeGreaterThan(0);
  });
});

/** Who told what, in order. */
function actorsOf(log: readonly string[], what: string): string[] {
  return log.filter((line) => line.endsWith(` ${what}`)).map((line) => line.slice(0, -what.length - 1));
}

/** A strategy that complains about what it is offered. */
function watch(inner: Strategy): Strategy & { complaint: string } {
  const chosen = new Set<number>();
  const latest = new Map<number, number>();
  const watched: Strategy & { complaint: string } = Object.create(inner, {
    complaint: { value: '', writable: true },
  }) as Strategy & { complaint: string };
  const check = (enabled: Parameters<Strategy['choose']>[0]): void => {
    const owners = new Set(enabled.map(({ task }) => task.id));
    if (owners.size !== enabled.length) watched.complaint = 'a task has two enabled operations';
    for (const { id, name, kind, task } of enabled) {
      if (chosen.has(id)) watched.complaint = `operation ${id} is enabled again`;
      if (kind === 'point' && name === 'held') watched.complaint = 'a held operation is enabled';
      if (id < (latest.get(task.id) ?? 0)) watched.complaint = `task ${task.name} has overtaken itself`;
    }
  };
  const choose = (enabled: Parameters<Strategy['choose']>[0], step: number): number => {
    check(enabled);
    const index = inner.choose(enabled, step);
    const { id, task } = enabled[index]!;
    chosen.add(id);
    latest.set(task.id, id);
    return index;
  };
  return Object.defineProperties(watched, {
    choose: { value: choose },
    begin: {
      value: (info: Parameters<Strategy['begin']>[0]) => {
        chosen.clear();
        latest.clear();
        return inner.begin(info);
      },
    },
    end: { value: (outcome: Parameters<NonNullable<Strategy['end']>>[0]) => inner.end?.(outcome) },
    // Whatever it joins naturally is not offered to `choose`.
    join: { value: undefined },
  });
}

describe('law 7: outside an execution the globals are the originals', () => {
  const EVENTS = ['unhandledRejection', 'rejectionHandled', 'uncaughtException', 'exit', 'warning'] as const;
  const listener = (): void => undefined;

  function snapshot(): unknown {
    const owners = [globalThis, process, performance, Math, Date, crypto, AbortSignal, Promise, Promise.prototype];
    return [
      ...owners.map((owner) => {
        const properties = Object.entries(Object.getOwnPropertyDescriptors(owner));
        return properties.map(describeProperty).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
      }),
      ...EVENTS.map((event) => [...process.rawListeners(event)]),
    ];
  }

  /** Getters are compared, not called. */
  function describeProperty([name, { value, get, set, enumerable }]: [string, PropertyDescriptor]): unknown[] {
    return [name, typeof value === 'function' ? (value as object) : typeof value, get, set, enumerable];
  }

  async function keepsGlobals(body: (sim: Sim) => unknown): Promise<void> {
    const before = snapshot();
    const exploring = explore(body, options).catch(() => undefined);
    expect(snapshot()).toEqual(before);
    await exploring;
    expect(snapshot()).toEqual(before);
  }

  test('whatever the body does', async () => {
    for (const event of EVENTS) process.on(event, listener);
    try {
      await fc.assert(
        fc.asyncProperty(programs, (program) => keepsGlobals(bodyOf(program))),
        { numRuns: 8 },
      );
    } finally {
      for (const event of EVENTS) process.off(event, listener);
    }
  });

  const stub = (): never => {
    throw new Error('a stub was called');
  };
  test.each<[string, (sim: Sim) => unknown]>([
    ['throws', stub],
    ['replaces the timers', () => void Object.assign(globalThis, { setTimeout: stub, setImmediate: stub, Date: stub })],
    ['deletes them', () => Reflect.deleteProperty(globalThis, 'setTimeout')],
    ['replaces Math.random', () => void (Math.random = stub)],
    ['takes listeners away', () => void process.removeAllListeners('unhandledRejection')],
    [
      'rejects and throws in callbacks',
      () => {
        void Promise.reject(new Error('stray'));
        process.nextTick(stub);
        setImmediate(stub);
      },
    ],
    ['never ends', () => new Promise(() => undefined)],
    [
      'goes on for ever',
      async (sim) => {
        for (;;) await sim.point('again');
      },
    ],
  ])('a body that %s', async (_, body) => {
    process.on('unhandledRejection', listener);
    try {
      await keepsGlobals(body);
    } finally {
      process.off('unhandledRejection', listener);
    }
  });

  test('misuse, an aborted exploration, a body that is no function', async () => {
    const before = snapshot();
    await explore((sim) => sim.branch('typo'), { branches: ['x'] }).catch(() => undefined);
    await explore(1 as never).catch(() => undefined);
    await explore(listener, { signal: AbortSignal.abort() });
    expect(snapshot()).toEqual(before);
  });
});

test('natural order is what Node does', async () => {
  const order: string[] = [];
  const act = async (push: (what: string) => void): Promise<void> => {
    setImmediate(() => push('immediate'));
    process.nextTick(() => push('tick'));
    queueMicrotask(() => push('micro'));
    await null;
    push('await');
    await new Promise((resolve) => setTimeout(resolve, 20));
    push('timeout');
  };
  const plain: string[] = [];
  // The engine starts a body from a macrotask, so the comparison must too.
  await new Promise((resolve, reject) => setImmediate(() => act((what) => plain.push(what)).then(resolve, reject)));
  const body = (): Promise<void> => {
    order.length = 0;
    return act((what) => order.push(what));
  };
  await explore(body, { ...options, strategy: 'natural' });
  expect(order).toEqual(plain);
});
