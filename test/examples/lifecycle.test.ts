import { describe, expect, test } from 'vitest';
import { CheckOutsideLock, CloseOutsideLock, WaitBeforeClose } from '../../examples/lifecycle/broken.ts';
import { BRANCHES, race, split } from '../../examples/lifecycle/harness.ts';
import { Lifecycle } from '../../examples/lifecycle/lifecycle.ts';
import { explore, replay } from '../../src/index.ts';

const fixed = (): Lifecycle => new Lifecycle();
const N = 50;

describe('the un-gated harness', () => {
  test.each([
    { shutdownFirst: true, never: 'add wins', row: { 'add wins': 0, 'shutdown wins': N } },
    { shutdownFirst: false, never: 'shutdown wins', row: { 'add wins': N, 'shutdown wins': 0 } },
  ])('is vacuous: $never never', async ({ shutdownFirst, never, row }) => {
    const body = race(fixed, { adders: N, shutdownFirst });
    const report = await explore(body, { strategy: 'natural', branches: BRANCHES });
    expect(report.verdict).toBe('vacuous');
    expect(report.vacuous).toEqual([
      { kind: 'branch', detail: expect.stringContaining(`'${never}' was never taken`) as string },
    ]);
    expect(report.branchTable).toEqual([{ execution: 1, hits: row }]);
  });

  test('without a guard it is green, with a one-sided guard half of it is', async () => {
    const mirror = race(fixed, { adders: N });
    expect((await explore(mirror, { strategy: 'natural' })).verdict).toBe('pass');
    expect((await explore(mirror, { strategy: 'natural', branches: ['add wins'] })).verdict).toBe('pass');
    const twoSided = { 'add wins': { executions: 1 }, 'shutdown wins': { executions: 1 } };
    expect((await explore(mirror, { strategy: 'natural', branches: twoSided })).verdict).toBe('vacuous');
  });
});

test('a sleep of 50 µs is no gate: an early timer lets it elapse before any adder is in flight', async () => {
  const sleepy = race(fixed, {
    adders: 2,
    before: (sim) => sim.sleep(0.05),
    after: ({ registered }) => {
      if (registered === 0) throw new Error('nobody was in flight');
    },
  });
  const idle = await explore(sleepy, { time: 'idle', runs: 300, seed: 1 });
  expect(idle.verdict).toBe('pass');
  const elastic = await explore(sleepy, { time: 'elastic', runs: 5000, seed: 1 });
  expect(elastic.failure?.message).toBe('nobody was in flight');
  expect(elastic.failure?.trace.some(({ early, kind }) => early && kind === 'sleep')).toBe(true);
});

test('gated: for every k exactly k adders win, in one execution', async () => {
  for (let k = 0; k <= N; k++) {
    let counts = {};
    const body = race(fixed, { adders: N, gates: split(k), after: (seen) => (counts = seen) });
    const report = await explore(body, { strategy: 'natural', branches: BRANCHES });
    expect(report.failure).toBeUndefined();
    expect(counts).toEqual({ registered: k, refused: N - k });
    expect(report.verdict, `k = ${k}`).toBe(k === 0 || k === N ? 'vacuous' : 'pass');
  }
});

test('explored at random, both sides win and the invariants hold', async () => {
  const report = await explore(race(fixed, { adders: N }), {
    strategy: 'random',
    runs: 200,
    seed: 1,
    branches: BRANCHES,
  });
  expect(report.verdict).toBe('pass');
  expect(report.executions).toBe(200);
  for (const label of BRANCHES) expect(report.branches[label]!.executions).toBeGreaterThan(0);
});

describe.each([
  ['check outside the lock', () => new CheckOutsideLock()],
  ['close outside the lock', () => new CloseOutsideLock()],
  ['wait before close', () => new WaitBeforeClose()],
])('broken: %s', (_, create) => {
  test.each([2, N])('found with %d adders, and the token replays it', async (adders) => {
    const body = race(create, { adders });
    const report = await explore(body, { runs: 5000, seed: 3, branches: BRANCHES });
    expect(report.verdict).toBe('fail');
    const failure = report.failure!;
    expect(failure.kind).toBe('error');
    expect(failure.trace.every(({ site, step }) => step === 0 || site?.startsWith('examples/lifecycle/'))).toBe(true);
    const again = await replay(body, failure.token);
    expect(again.failure?.message).toBe(failure.message);
    expect(again.failure?.trace).toEqual(failure.trace);
    expect(again.failure?.token).toBe(failure.token);
  });
});
