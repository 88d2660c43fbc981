import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explore, replay, type Sim, type Strategy } from '../../src/index.ts';

/** What a task does, one thing after the other. */
type Act =
  | { do: 'point'; name: string }
  | { do: 'sleep' | 'timer'; ms: number }
  | { do: 'immediate' | 'tick' | 'micro' }
  | { do: 'throw' };
type Program = Act[][];

const act = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('point' as const), name: fc.constantFrom('p', 'q', 'r') }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('sleep' as const, 'timer' as const),
      ms: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('immediate' as const, 'tick' as const, 'micro' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('throw' as const) }) },
);
const program: fc.Arbitrary<Program> = fc.array(fc.array(act, { maxLength: 5 }), { minLength: 1, maxLength: 4 });

function bodyOf(tasks: Program, log: string[]): (sim: Sim) => Promise<void> {
  return async (sim) => {
    log.length = 0;
    const run = async (acts: Act[], who: number): Promise<void> => {
      for (const one of acts) {
        log.push(`${who}:${one.do}@${sim.now()}`);
        if (one.do === 'point') await sim.point(one.name);
        else if (one.do === 'sleep') await sim.sleep(one.ms);
        else if (one.do === 'timer') await new Promise((resolve) => setTimeout(resolve, one.ms));
        else if (one.do === 'immediate') await new Promise((resolve) => setImmediate(resolve));
        else if (one.do === 'tick') await new Promise<void>((resolve) => process.nextTick(resolve));
        else if (one.do === 'micro') await null;
        else throw new Error(`task ${who}`);
      }
    };
    await Promise.all(tasks.map((acts, who) => sim.spawn('task', () => run(acts, who))));
  };
}

const options = { runs: 20, vacuity: 'off' } as const;

test('law 1: same body, options and seed give the same executions', async () => {
  await fc.assert(
    fc.asyncProperty(program, fc.nat(), async (tasks, seed) => {
      const log: string[] = [];
      const all: string[][] = [];
      const body = bodyOf(tasks, log);
      const run = async (): Promise<string> => {
        all.length = 0;
        const report = await explore(
          async (sim) => {
            await body(sim).finally(() => all.push([...log]));
          },
          { ...options, seed },
        );
        return JSON.stringify([all, { ...report, elapsedMs: 0, failure: { ...report.failure, error: 0 } }]);
      };
      expect(await run()).toBe(await run());
    }),
    { numRuns: 60 },
  );
});

test('law 1: also in a fresh process', () => {
  const run = (): string =>
    execFileSync(process.execPath, ['dist/src/cli/main.js', 'demo', '--json'], { encoding: 'utf8' }).replace(
      /"elapsedMs": [\d.]+/g,
      '',
    );
  expect(run()).toBe(run());
});

test('law 2: a token replays the trace', async () => {
  let failing = 0;
  await fc.assert(
    fc.asyncProperty(program, fc.nat(), async (tasks, seed) => {
      const body = bodyOf(tasks, []);
      const { failure } = await explore(body, { ...options, seed });
      if (failure === undefined) return;
      failing++;
      const again = await replay(body, failure.token);
      expect(again.failure?.message).toBe(failure.message);
      expect(again.failure?.trace).toEqual(failure.trace);
    }),
    { numRuns: 100 },
  );
  expect(failing).toBeGreaterThan(10);
});

test('law 5: nothing is chosen before it is enabled, while held, or twice; no task overtakes itself', async () => {
  await fc.assert(
    fc.asyncProperty(program, fc.nat(), async (tasks, seed) => {
      const chosen = new Set<number>();
      let draw: () => number = Math.random;
      let complaint = '';
      const watching: Strategy = {
        name: 'watching',
        begin(info) {
          chosen.clear();
          draw = info.random;
          return true;
        },
        choose(enabled) {
          const owners = new Set(enabled.map(({ task }) => task.id));
          if (owners.size !== enabled.length) complaint = 'a task has two enabled operations';
          if (enabled.some(({ id }) => chosen.has(id))) complaint = 'an operation is enabled again';
          if (enabled.some(({ name, kind }) => name === 'held' && kind === 'point'))
            complaint = 'a held operation is enabled';
          const index = Math.floor(draw() * enabled.length);
          chosen.add(enabled[index]!.id);
          return index;
        },
      };
      const inner = bodyOf(tasks, []);
      const body = async (sim: Sim): Promise<void> => {
        sim.hold('held');
        void sim.spawn('held', () => sim.point('held')).catch(() => undefined);
        await inner(sim);
      };
      // Without bursts: a burst may ask and then drain first.
      await explore(body, { ...options, seed, strategy: watching, bursts: 0 });
      expect(complaint).toBe('');
    }),
    { numRuns: 60 },
  );
});

test('law 7: outside an execution the globals are the originals', async () => {
  const snapshot = (): unknown[] => [
    ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate', 'Date'].map(
      (name) => Object.getOwnPropertyDescriptor(globalThis, name),
    ),
    Object.getOwnPropertyDescriptor(performance, 'now'),
    Math.random,
    ...['unhandledRejection', 'rejectionHandled', 'uncaughtException'].map((event) => process.rawListeners(event)),
  ];
  const before = snapshot();
  await fc.assert(
    fc.asyncProperty(program, async (tasks) => {
      const exploring = explore(bodyOf(tasks, []), options);
      expect(snapshot()).toEqual(before);
      await exploring;
      expect(snapshot()).toEqual(before);
    }),
    { numRuns: 40 },
  );
});

test('natural order is what Node does', async () => {
  const order: string[] = [];
  const script = async (push: (what: string) => void): Promise<void> => {
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
  await new Promise((resolve, reject) => setImmediate(() => script((what) => plain.push(what)).then(resolve, reject)));
  await explore(() => script((what) => order.push(what)), { ...options, strategy: 'natural' });
  expect(order).toEqual(plain);
});
