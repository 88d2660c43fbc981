import { describe, expect, test } from 'vitest';
import { CheckOutsideLock, CloseOutsideLock, WaitBeforeClose } from '../../examples/lifecycle/broken.ts';
import { BRANCHES, race, requireInFlight, shortSleep, split } from '../../examples/lifecycle/harness.ts';
import type { Counts } from '../../examples/lifecycle/harness.ts';
import { Lifecycle, type WorkLifecycle } from '../../examples/lifecycle/lifecycle.ts';
import { Works } from '../../examples/lifecycle/works.ts';
import { earlyTimer, tell } from '../../properties/story.ts';
import { explore, replay, type ExploreOptions, type Report, type Sim } from '../../src/index.ts';

const fixed = (): Lifecycle => new Lifecycle();
const N = 50;
const BROKEN = [
  ['check outside the lock', (works: Works) => new CheckOutsideLock(works)],
  ['close outside the lock', (works: Works) => new CloseOutsideLock(works)],
  ['wait before close', (works: Works) => new WaitBeforeClose(works)],
] as const;

describe('the un-gated harness', () => {
  test.each([
    { shutdownFirst: true, never: 'add wins', row: { 'add wins': 0, 'shutdown wins': N } },
    { shutdownFirst: false, never: 'shutdown wins', row: { 'add wins': N, 'shutdown wins': 0 } },
  ])('is vacuous: $never never, and the table says so', async ({ shutdownFirst, never, row }) => {
    const body = race(fixed, { adders: N, shutdownFirst });
    const report = await explore(body, { strategy: 'natural', branches: BRANCHES });
    expect(report.verdict).toBe('vacuous');
    expect(report.vacuous).toEqual([
      { kind: 'branch', detail: expect.stringContaining(`'${never}' was never taken in 1 execution`) as string },
    ]);
    expect(report.branchTable).toEqual([{ execution: 1, hits: row }]);
  });
});

describe('guards, as three harnesses meet them', () => {
  const guards: Record<string, ExploreOptions> = {
    none: {},
    'one-sided': { branches: { 'add wins': { executions: 1 }, 'shutdown wins': {} }, vacuity: 'off' },
    'two-sided': { branches: { 'add wins': { executions: 1 }, 'shutdown wins': { executions: 1 } } },
  };
  /** The source's guard: the test itself fails if nobody was registered. */
  const judged = (harness: (after?: (counts: Counts) => void) => ReturnType<typeof race>, guard: string) =>
    harness(
      guard === 'one-sided'
        ? ({ registered }) => {
            if (registered === 0) throw new Error('nobody was registered');
          }
        : undefined,
    );
  const harness =
    (options: { shutdownFirst?: boolean; gates?: (sim: Sim) => void }) => (after?: (counts: Counts) => void) =>
      race(fixed, { adders: N, ...options, ...(after === undefined ? {} : { after }) });
  const allRefused = harness({ shutdownFirst: true });
  const allIn = harness({});
  const mixed = harness({ gates: split(20, N) });

  test.each([
    { guard: 'none', refused: 'pass', registered: 'pass', both: 'pass' },
    { guard: 'one-sided', refused: 'fail', registered: 'pass', both: 'pass' },
    { guard: 'two-sided', refused: 'vacuous', registered: 'vacuous', both: 'pass' },
  ])('$guard', async ({ guard, refused, registered, both }) => {
    const verdict = async (one: typeof mixed): Promise<string> =>
      (await explore(judged(one, guard), { strategy: 'natural', ...guards[guard] })).verdict;
    expect([await verdict(allRefused), await verdict(allIn), await verdict(mixed)]).toEqual([
      refused,
      registered,
      both,
    ]);
  });
});

test('a sleep of 50 µs is no gate: an early timer lets it elapse before any adder is in flight', async () => {
  const sleepy = race(fixed, { adders: 2, before: shortSleep, after: requireInFlight });
  const idle = await explore(sleepy, { time: 'idle', runs: 300, seed: 1 });
  expect(idle.verdict).toBe('pass');
  const { failure } = await explore(sleepy, { time: 'elastic', runs: 5000, seed: 1 });
  expect(failure?.message).toBe('nobody was in flight when the shutdown began');
  const early = failure?.trace.find((step) => step.early);
  expect(early?.kind).toBe('sleep');
  expect(earlyTimer(early!, failure!.trace)).toMatch(
    /^the 0\.05 ms sleep at examples\/lifecycle\/harness\.ts:\d+:\d+ elapses before add/,
  );
});

test('gated: for every k exactly k adders win, in one execution', async () => {
  for (let k = 0; k <= N; k++) {
    let counts = {};
    const body = race(fixed, { adders: N, gates: split(k, N), after: (seen) => (counts = seen) });
    const report = await explore(body, { strategy: 'natural', branches: BRANCHES });
    expect(report.failure).toBeUndefined();
    expect(counts).toEqual({ registered: k, refused: N - k });
    expect(report.verdict, `k = ${k}`).toBe(k === 0 || k === N ? 'vacuous' : 'pass');
  }
});

test.each([
  { k: 0, declared: 'shutdown wins' },
  { k: N, declared: 'add wins' },
])('gated with k = $k: no longer vacuous once only that side is declared', async ({ k, declared }) => {
  const body = race(fixed, { adders: N, gates: split(k, N) });
  const report = await explore(body, { strategy: 'natural', branches: { [declared]: { every: true } } });
  expect(report.vacuous).toEqual([]);
  expect(report.verdict, tell(report)).toBe('pass');
});

test('gated: the split is exact in every order, not in the natural one only', async () => {
  for (const k of [1, 20, N - 1]) {
    const body = race(fixed, { adders: N, gates: split(k, N) });
    const report = await explore(body, { runs: 20, seed: k, branches: BRANCHES });
    expect(report.distinct).toBeGreaterThan(10);
    for (const { hits } of report.branchTable) expect(hits).toEqual({ 'add wins': k, 'shutdown wins': N - k });
    expect(report.branchTable).toHaveLength(20);
  }
});

/** What the component does inside, judged against the points that it passes. */
class WatchedWorks extends Works {
  readonly #sim: Sim;
  readonly #violations: Set<string>;

  constructor(sim: Sim, violations: Set<string>) {
    super();
    this.#sim = sim;
    this.#violations = violations;
  }

  override register(): void {
    if (this.#sim.arrivals('shutdown:closed') > 0) this.#violations.add('registered after shutdown:closed');
    super.register();
  }

  override async run(work: () => Promise<void>): Promise<void> {
    await super.run(work);
    if (this.running < 0) this.#violations.add('count below 0');
    if (this.#sim.arrivals('shutdown:waited') > 0) this.#violations.add('not done at shutdown:waited');
  }
}

describe('what must hold inside', () => {
  async function violations(create: (works: Works) => WorkLifecycle, adders: number): Promise<[Report, string[]]> {
    const seen = new Set<string>();
    const body = (sim: Sim): Promise<void> => race(() => create(new WatchedWorks(sim, seen)), { adders })(sim);
    const options = { strategy: 'random', runs: 200, seed: 1, branches: BRANCHES } as const;
    return [await explore(body, options), [...seen].sort()];
  }

  test('explored at random, both sides win and every invariant holds', async () => {
    const [report, seen] = await violations((works) => new Lifecycle(works), N);
    expect(seen).toEqual([]);
    expect(report.verdict, tell(report)).toBe('pass');
    expect(report.executions).toBe(200);
    for (const label of BRANCHES) expect(report.branches[label]!.executions).toBeGreaterThan(0);
    for (const { hits } of report.branchTable) expect(hits['add wins']! + hits['shutdown wins']!).toBe(N);
  });

  test('each invariant can fail', async () => {
    const seen = await Promise.all(BROKEN.map(async ([, create]) => (await violations(create, 2))[1]));
    expect(seen[0]).toContain('registered after shutdown:closed');
    expect(seen[1]).toContain('registered after shutdown:closed');
    for (const one of seen) expect(one).toContain('not done at shutdown:waited');
    const uncounted = async (works: Works): Promise<void> => works.run(() => Promise.resolve());
    const negative = new Set<string>();
    await explore((sim) => uncounted(new WatchedWorks(sim, negative)), { strategy: 'natural', vacuity: 'off' });
    expect([...negative]).toEqual(['count below 0']);
  });

  test('a second shutdown, beside or after the first, changes nothing', async () => {
    const body = async (sim: Sim): Promise<void> => {
      const works = new Works();
      const lifecycle = new Lifecycle(works);
      let ran = 0;
      const add = (): Promise<boolean> =>
        lifecycle.add(async () => {
          await sim.point('work:done');
          ran++;
        });
      const shutdown = async (): Promise<void> => {
        await lifecycle.shutdown();
        if (works.running > 0) throw new Error('a shutdown returned before the work was done');
      };
      const adding = [sim.spawn('add', add), sim.spawn('add', add)];
      await Promise.all([...adding, sim.spawn('shutdown', shutdown), sim.spawn('shutdown', shutdown)]);
      await shutdown();
      const accepted = (await Promise.all(adding)).filter(Boolean).length;
      sim.branch(accepted > 0 ? 'add wins' : 'shutdown wins');
      if (ran !== accepted || (await add())) throw new Error('work was lost, or accepted after the end');
    };
    const report = await explore(body, { runs: 500, seed: 1, branches: BRANCHES });
    expect(report.verdict, tell(report)).toBe('pass');
  });
});

describe.each(BROKEN)('broken: %s', (_, create) => {
  test.each([2, N])('found with %d adders, and the token replays it', async (adders) => {
    const body = race(() => create(new Works()), { adders });
    const report = await explore(body, { runs: 5000, seed: 3, branches: BRANCHES });
    expect(report.verdict).toBe('fail');
    const failure = report.failure!;
    expect(failure.kind).toBe('error');
    expect(failure.message).toMatch(/^(work ran after shutdown\(\) had|shutdown\(\) returned while work)/);
    // As short a story with 50 adders as with two.
    expect(failure.deviations).toBeLessThanOrEqual(3);
    expect(failure.preemptions).toBeLessThanOrEqual(3);
    expect(failure.trace.every(({ site, step }) => step === 0 || site?.startsWith('examples/lifecycle/'))).toBe(true);
    const again = await replay(body, failure.token);
    expect(again.failure?.message).toBe(failure.message);
    expect(again.failure?.trace).toEqual(failure.trace);
    expect(again.failure?.token).toBe(failure.token);
  });
});

test.each([2, N])('the fixed lifecycle passes the same search with %d adders', async (adders) => {
  const runs = adders === N ? 100 : 2000;
  const report = await explore(race(fixed, { adders }), { runs, seed: 3, branches: BRANCHES });
  expect([report.verdict, report.executions], tell(report)).toEqual(['pass', runs]);
});
