import { describe, expect, test } from 'vitest';
import type { Failure, Report } from '../../properties/report.ts';
import { tell, tellBranches, tellFailure, tellTrace } from '../../properties/story.ts';
import { hop } from '../../scheduler/point.ts';
import { check, CheckError, explore, type Step } from '../../src/index.ts';

const step = (part: Partial<Step> & { step: number }): Step => ({
  task: 'main',
  op: 'start',
  kind: 'point',
  time: 0,
  created: part.step === 0 ? 0 : part.step - 1,
  settled: part.created ?? (part.step === 0 ? 0 : part.step - 1),
  others: [],
  deviation: false,
  together: false,
  early: false,
  took: 0,
  ...part,
});

const failure = (part: Partial<Failure>): Failure =>
  ({
    kind: 'error',
    message: 'boo',
    token: 'st1.x.y',
    order: 'natural',
    deviations: 0,
    preemptions: 1,
    execution: 3,
    foundBy: 'random',
    reach: 'today',
    trace: [step({ step: 0, kind: 'start' })],
    waiting: [],
    ...part,
  }) as Failure;

describe('a failure', () => {
  test('names what happened, who ran when and where, and ends with the replay', () => {
    const trace = [
      step({ step: 0, kind: 'start' }),
      step({ step: 1, task: 'reader', kind: 'start', op: 'reader', site: 'a.ts:3:9' }),
      step({ step: 2, task: 'writer', op: 'write', key: '7', site: 'a.ts:12:11', deviation: true }),
      step({ step: 3, task: 'writer', op: 'done', site: 'a.ts:13:11', deviation: true, together: true }),
      step({ step: 4, task: 'reader', op: 'read', site: 'a.ts:4:9', took: 2.5 }),
    ];
    expect(tellFailure(failure({ trace, deviations: 2 }), 'npm test -- --replay st1.x.y')).toMatchInlineSnapshot(`
      "error: boo
      (found by random in execution 3; 2 deviations from natural order, 1 preemption; reach: today)

           0  main    starts
           1  reader  starts     a.ts:3:9
      *    2  writer  write [7]  a.ts:12:11
      >    3  writer  done       a.ts:13:11  (together with the step before)
           4  reader  read       a.ts:4:9  (took 2.5 ms)

      Replay: npm test -- --replay st1.x.y"
    `);
  });

  test('with a deciding pair says what would have to come first, and marks that step', () => {
    const trace = [
      step({ step: 0, kind: 'start' }),
      step({ step: 1, task: 'reader', kind: 'start', op: 'reader' }),
      step({ step: 2, task: 'writer', kind: 'start', op: 'writer', deviation: true }),
      step({ step: 3, task: 'writer', op: 'done', deviation: true }),
      step({ step: 4, task: 'reader', op: 'read' }),
    ];
    const first = { task: 'reader', op: 'read', nth: 1 };
    const decidingPair = { step: 2, first, second: { task: 'writer', op: 'writer', nth: 1 } };
    const told = tellFailure(failure({ trace, order: 'steady', deviations: 2, decidingPair }));
    expect(told).toContain('2 deviations from steady order');
    expect(told).toContain('\nIt passes if reader passes read before writer starts in step 2 (>).\n\n');
    expect(told).toMatch(/^> {4}2 {2}writer/m);
    expect(told).toMatch(/^\* {4}3 {2}writer/m);
    const unknown = { ...decidingPair, first: { ...first, task: 'a strand' } };
    expect(tellFailure(failure({ trace, decidingPair: unknown }))).not.toContain('It passes');
  });

  test('in natural order has no deviation to mark', () => {
    const told = tellFailure(failure({ foundBy: 'natural', execution: 1, preemptions: 0 }));
    expect(told).toMatchInlineSnapshot(`
      "error: boo
      (found by natural in execution 1; 0 deviations from natural order, 0 preemptions; reach: today)

           0  main  starts

      Replay: run this one test with STRADDLE_REPLAY=st1.x.y"
    `);
  });

  test('a deadlock tells who waits on what, where', () => {
    const waiting = [
      { task: 'left', on: 'an await that nothing settles', site: 'a.ts:5:7' },
      { task: 'right', on: 'the gate at b', site: 'a.ts:9:7' },
      { task: 'main', on: 'its start' },
    ];
    const message = 'Nothing can run any more: left waits on …; right waits on …; main waits on its start.';
    expect(
      tellFailure(failure({ kind: 'deadlock', message, waiting }))
        .split('\n')
        .slice(0, 5),
    ).toMatchInlineSnapshot(`
      [
        "deadlock: nothing can run any more",
        "  left   waits on an await that nothing settles  a.ts:5:7",
        "  right  waits on the gate at b                  a.ts:9:7",
        "  main   waits on its start",
        "(found by random in execution 3; 0 deviations from natural order, 1 preemption; reach: today)",
      ]
    `);
  });

  test('a stalled gate keeps its message: the hold, its waiters, the counts', () => {
    const message = "hold('b') keeps x at b: nobody releases it. Arrived/let through so far: b 1/0.";
    const waiting = [{ task: 'x', on: 'the gate at b', site: 'a.ts:5:7' }];
    expect(tellFailure(failure({ kind: 'stalled-gate', message, waiting }))).toContain(
      `stalled-gate: ${message}\n  x  waits on the gate at b  a.ts:5:7\n`,
    );
  });
});

describe('the steps', () => {
  test('an early timer says what it takes; a held step says from when to when', () => {
    const others = ['add at add:enter', 'add#2 at add:enter', 'main at x'];
    const trace = [
      step({ step: 0, kind: 'start' }),
      step({ step: 1, task: 'slow', op: 'begin', site: 'a.ts:2:3', time: 1.2 }),
      step({ step: 2, task: 'slow', op: 'sleep', kind: 'sleep', site: 'a.ts:3:3', time: 1.25, early: true, others }),
      step({ step: 3, task: 'gated', op: 'enter', site: 'a.ts:8:3', created: 1, settled: 2 }),
    ];
    expect(tellTrace(trace)).toMatchInlineSnapshot(`
      [
        "     0  main   starts",
        "     1  slow   begin   a.ts:2:3",
        "     2  slow   sleep   a.ts:3:3",
        "         (only if the 0.05 ms sleep at a.ts:3:3 elapses before add at add:enter, ahead of 2 more)",
        "     3  gated  enter   a.ts:8:3  (held since step 1, let go by step 2)",
      ]
    `);
  });

  test('what nobody chose is one line a run', () => {
    const adders = Array.from({ length: 48 }, (_, i) => `add#${i + 3}`);
    const trace = [
      step({ step: 0, kind: 'start' }),
      ...adders.map((task, i) => step({ step: 1 + i, task, kind: 'start', op: 'add' })),
      step({ step: 49, task: 'shutdown', op: 'shutdown:enter', deviation: true }),
      step({ step: 50, task: 'add#3', op: 'add:enter' }),
      step({ step: 51, task: 'shutdown', op: 'shutdown:closed', deviation: true }),
      step({ step: 52, task: 'add#4', op: 'add:enter' }),
      step({ step: 53, task: 'add#4', op: 'add:noop' }),
      ...adders.slice(2, 6).map((task, i) => step({ step: 54 + i, task, op: 'add:noop' })),
      step({ step: 58, op: 'end' }),
    ];
    expect(tellTrace(trace)).toMatchInlineSnapshot(`
      [
        "     0  main      starts",
        "         … 48 more tasks: starts (add#3 … add#50) …",
        "*   49  shutdown  shutdown:enter",
        "         … 1 more task: add:enter (add#3) …",
        ">   51  shutdown  shutdown:closed",
        "         … 2 steps of 1 other task (add#4) …",
        "    54  add#5     add:noop",
        "    55  add#6     add:noop",
        "    56  add#7     add:noop",
        "    57  add#8     add:noop",
        "    58  main      end",
      ]
    `);
  });

  test('a story that nobody would read loses its middle', () => {
    const trace = Array.from({ length: 500 }, (_, i) => step({ step: i, task: 'a', op: `p${i}`, deviation: i > 0 }));
    const told = tellTrace(trace);
    expect(told).toHaveLength(60);
    expect(told[20]).toBe('         … 441 lines left out …');
    expect(told.at(-1)).toContain('p499');
  });

  test('no step, no line', () => expect(tellTrace([])).toEqual([]));
});

describe('a report', () => {
  const rows = (count: number): Pick<Report, 'branches' | 'branchTable' | 'executions'> => ({
    executions: count,
    branches: {
      'add wins': { hits: 44 * count, executions: count, share: 1 },
      'shutdown wins': { hits: 0, executions: 0, share: 0 },
    },
    branchTable: Array.from({ length: Math.min(count, 50) }, (_, i) => ({
      execution: i + 1,
      hits: { 'add wins': 44, 'shutdown wins': 0 },
    })),
  });

  test('that is vacuous names the missing evidence and counts the branches, execution by execution', () => {
    const vacuous = [
      { kind: 'branch', detail: "The branch 'shutdown wins' was never taken in 2 executions." },
    ] as const;
    expect(tell({ ...rows(2), verdict: 'vacuous', vacuous } as unknown as Report)).toMatchInlineSnapshot(`
      "vacuous: the test passed 2 executions, but that proves nothing.
        branch: The branch 'shutdown wins' was never taken in 2 executions.

        execution  add wins  shutdown wins
                1        44              0
                2        44              0
          seen in    2 of 2         0 of 2"
    `);
  });

  test('of many executions shows ten rows and the sum', () => {
    const told = tellBranches(rows(1000));
    expect(told).toHaveLength(1 + 10 + 1 + 1);
    expect(told.at(-2)).toMatch(/^ +… +… +…$/);
    expect(told.at(-1)).toMatch(/1000 of 1000 +0 of 1000$/);
  });

  test('that should have failed says so', () => {
    expect(tell({ verdict: 'fail', executions: 7 } as unknown as Report)).toBe(
      'No failing schedule was found in 7 executions, and one was expected.',
    );
  });
});

test('an instrumented await is told where it stands in the source, not where its hop was called', async () => {
  const site = { file: 'src/counter.ts', line: 5, column: 15, text: 'this.load()', fn: 'Counter.add' };
  const { failure } = await explore(
    async () => {
      await hop(Promise.resolve(), site);
      throw new Error('end');
    },
    { strategy: 'natural' },
  );
  expect(failure!.trace[1]).toMatchObject({ op: 'this.load() in Counter.add', site: 'src/counter.ts:5:15' });
});

test('check throws the story; every line of it but the token fits a screen', async () => {
  const error = await check(
    async (sim) => {
      let running = 0;
      const enter = async (): Promise<void> => {
        await sim.point('enter');
        running++;
        await sim.point('inside');
        if (running > 40) throw new Error('too many inside');
        running--;
      };
      await Promise.all(Array.from({ length: 50 }, () => sim.spawn('visitor', enter)));
    },
    { runs: 500, seed: 1 },
  ).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CheckError);
  const { message } = error as CheckError;
  const lines = message.split('\n');
  expect(message).toMatch(/^error: too many inside\n\(found by /);
  expect(lines.at(-1)).toMatch(/^Replay: .*STRADDLE_REPLAY=st1\./);
  expect(lines.length).toBeLessThan(70);
  for (const line of lines.slice(0, -1)) expect(line.length, line).toBeLessThanOrEqual(110);
});
