import { StrategyChooser } from '../scheduler/chooser.ts';
import { control, type Engine, type Plan } from '../scheduler/control.ts';
import { StraddleError } from '../scheduler/error.ts';
import type { RawFailure } from '../scheduler/failure.ts';
import { RetraceChooser } from '../scheduler/replaying.ts';
import type { Sim } from '../scheduler/sim.ts';
import type { Strategy } from '../scheduler/strategy.ts';
import { generator } from '../scheduler/world/chance.ts';
import { Branches } from './branches.ts';
import { Distinct } from './distinct.ts';
import { chanceSeed, Executions } from './executions.ts';
import { confirm } from './failing.ts';
import { requireBody, settle, type ExploreOptions, type Settings } from './options.ts';
import { leakOf, outcomeOf } from './outcome.ts';
import { Original } from './repetition.ts';
import { replay } from './replay.ts';
import { CheckError, type Failure, type Report, type Vacuity, type Warning } from './report.ts';
import { STRATEGIES } from './strategies.ts';
import { tell } from './story.ts';
import { Straddling } from './straddling.ts';
import { Evidence } from './vacuity.ts';

/** Share of the passing executions that are replayed, to catch what is not controlled. */
const REPLAY_SHARE = 0.05;

/**
 * Runs `body` under schedule after schedule and reports what happened. A failing body is a verdict, never an
 * exception.
 *
 * @param body one execution of the test; it starts tasks with `sim.spawn` or plain async calls.
 * @throws StraddleError for wrong use: `usage`, `undeclared-branch`, `nested`, `strategy`.
 */
export async function explore(body: (sim: Sim) => unknown, options: ExploreOptions = {}): Promise<Report> {
  requireBody(body);
  const token = process.env['STRADDLE_REPLAY'];
  if (token !== undefined && token !== '') return replay(body, token, options);
  const settings = settle(options);
  const branches = new Branches(settings.branches);
  const limits = {
    budgetMs: settings.budgetMs,
    signal: settings.signal,
    onBranch: branches.hit,
    onTurn: (elapsedMs: number) =>
      settings.onProgress?.({ executions: search.executions, runs: settings.runs, elapsedMs }),
  };
  const search = new Search(body, settings, branches);
  return control(limits, (engine) => search.plan(engine));
}

/**
 * Like `explore`, for tests: returns only if the verdict is 'pass'.
 * @throws CheckError with the story, the token and the report otherwise.
 */
export async function check(body: (sim: Sim) => unknown, options: ExploreOptions = {}): Promise<Report> {
  const report = await explore(body, options);
  if (report.verdict === 'pass') return report;
  const { failure } = report;
  throw new CheckError(tell(report), report, failure?.error === undefined ? undefined : { cause: failure.error });
}

/** One exploration: the search, and what becomes of its first failure. */
class Search {
  executions = 0;
  readonly #settings: Settings;
  readonly #branches: Branches;
  readonly #runs: Executions;
  readonly #strategy: Strategy;
  readonly #evidence = new Evidence();
  readonly #distinct = new Distinct();
  readonly #straddling = new Straddling();
  readonly #warnings = new Map<string, Warning>();
  /** What a passing execution did, while it is repeated. */
  readonly #before = new Original();
  #steps = 0;
  #exhaustive = false;

  constructor(body: (sim: Sim) => unknown, settings: Settings, branches: Branches) {
    this.#settings = settings;
    this.#branches = branches;
    this.#runs = new Executions(body, settings);
    this.#strategy = typeof settings.strategy === 'string' ? STRATEGIES[settings.strategy]() : settings.strategy;
  }

  *plan(engine: Engine): Plan<Report> {
    const raw = yield* this.#search(engine);
    let failure: Failure | undefined;
    if (raw !== undefined) failure = yield* confirm(engine, this.#runs, this.#settings, raw, this.#strategy.name);
    return this.#report(engine, failure);
  }

  /** Runs executions until one fails, the strategy has no more, or the budget is spent. */
  *#search(engine: Engine): Plan<RawFailure | undefined> {
    const { scheduler } = engine;
    const settings = this.#settings;
    const strategy = this.#strategy;
    const branches = this.#branches;
    const random = generator(`${settings.seed}`);
    const chooser = new StrategyChooser(strategy, settings.bursts, random);
    const info = { execution: 0, random };
    for (let execution = 1; execution <= settings.runs && !engine.interrupted; execution++) {
      info.execution = execution;
      if (!strategy.begin(info)) {
        this.#exhaustive = strategy.complete === true;
        break;
      }
      chooser.begin();
      branches.counting = true;
      yield this.#runs.next(chooser, execution, chanceSeed(settings.seed, execution), this.#isElastic(random));
      branches.counting = false;
      if (branches.misuse !== undefined) throw branches.misuse;
      if (engine.interrupted) break;
      this.executions++;
      this.#steps += scheduler.trace.length;
      this.#distinct.add(scheduler.trace.hashA, scheduler.trace.hashB);
      branches.close(execution);
      this.#evidence.add(scheduler);
      this.#straddling.add(scheduler.trace, execution);
      const failure = this.#judge(engine);
      if (failure !== undefined) return failure;
      if (random() < REPLAY_SHARE) {
        const differs = yield* this.#replayPassing(engine);
        if (differs !== undefined) return differs;
      }
    }
    return undefined;
  }

  #isElastic(random: () => number): boolean {
    const { time } = this.#settings;
    if (time !== 'mixed') return time === 'elastic';
    if (this.#strategy.complete === true) return true;
    return this.#strategy.single !== true && random() < 0.5;
  }

  /** The failure of the execution that has just run, leaks and unplayed scripts included. */
  #judge(engine: Engine): RawFailure | undefined {
    const { scheduler } = engine;
    const { leaks } = this.#settings;
    let failed = outcomeOf(scheduler, leaks === 'fail');
    if (failed === undefined && leaks === 'warn') {
      const leak = leakOf(scheduler);
      if (leak !== undefined) this.#warnings.set('leak', { name: 'leak', detail: leak.message });
    }
    const outcome = { steps: scheduler.trace.length, tasks: scheduler.tasks.count, failed: failed !== undefined };
    try {
      this.#strategy.end?.(outcome);
    } catch (error) {
      if (!(error instanceof StraddleError) || error.kind !== 'script') throw error;
      failed ??= { kind: 'script', message: error.message, error };
    }
    return failed;
  }

  /** A passing execution, run again: it must do the same. */
  *#replayPassing(engine: Engine): Plan<RawFailure | undefined> {
    const { scheduler } = engine;
    const before = this.#before.keep(scheduler, undefined);
    yield this.#runs.replay(new RetraceChooser(before.trace));
    if (engine.interrupted) return undefined;
    const difference = before.differenceFrom(scheduler, outcomeOf(scheduler, this.#settings.leaks === 'fail'));
    return difference === undefined ? undefined : { kind: 'nondeterminism', message: difference };
  }

  #report(engine: Engine, failure: Failure | undefined): Report {
    const settings = this.#settings;
    const branches = this.#branches.counts(this.executions);
    let missing: Vacuity[] = [];
    if (failure === undefined && settings.expect === 'pass' && settings.vacuity !== 'off') {
      missing = this.#evidence.missing(settings.branches, branches, this.executions, this.#exhaustive);
    }
    const wanted = settings.expect === 'fail' ? failure !== undefined : failure === undefined;
    let verdict: Report['verdict'] = wanted ? 'pass' : 'fail';
    if (verdict === 'pass' && missing.length > 0 && settings.vacuity === 'fail') verdict = 'vacuous';
    return {
      verdict,
      executions: this.executions,
      steps: this.#steps,
      distinct: this.#distinct.size,
      exhaustive: this.#exhaustive,
      seed: settings.seed,
      strategy: typeof settings.strategy === 'string' ? settings.strategy : settings.strategy.name,
      elapsedMs: engine.elapsedMs(),
      branches,
      branchTable: this.#branches.rows,
      straddled: this.#straddling.counts(engine.scheduler.labels),
      ...(failure === undefined ? {} : { failure }),
      vacuous: missing,
      warnings: [...this.#warnings.values()],
    };
  }
}
