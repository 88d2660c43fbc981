import { naturalOrder, StrategyChooser } from '../scheduler/chooser.ts';
import type { Engine, Plan } from '../scheduler/control.ts';
import { StraddleError } from '../scheduler/error.ts';
import type { RawFailure } from '../scheduler/failure.ts';
import { ReplayChooser, RetraceChooser } from '../scheduler/replaying.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { Sim } from '../scheduler/sim.ts';
import type { Strategy } from '../scheduler/strategy.ts';
import { decodeToken } from '../scheduler/token.ts';
import { generator } from '../scheduler/world/chance.ts';
import { START_TIME } from '../scheduler/world/clock.ts';
import type { Branches } from './branches.ts';
import { Distinct } from './distinct.ts';
import { chanceSeed, Executions } from './executions.ts';
import { confirm } from './failing.ts';
import type { Settings } from './options.ts';
import { leakOf, outcomeOf } from './outcome.ts';
import { Original } from './repetition.ts';
import type { Failure, Report, Vacuity, Warning } from './report.ts';
import { STRATEGIES } from './strategies.ts';
import { Straddling } from './straddling.ts';
import { Evidence } from './vacuity.ts';

/** Share of the passing executions that are replayed, to catch what is not controlled. */
const REPLAY_SHARE = 0.05;
/** What found a failure whose token was stored. */
const STORE = 'an earlier failure';

/** One exploration: the search, and what becomes of its first failure. */
export class Search {
  executions = 0;
  readonly #settings: Settings;
  readonly #branches: Branches;
  readonly #body: (sim: Sim) => unknown;
  readonly #runs: Executions;
  readonly #strategy: Strategy;
  readonly #evidence = new Evidence();
  readonly #distinct = new Distinct();
  readonly #straddling = new Straddling();
  readonly #warnings = new Map<string, Warning>();
  /** What a passing execution did, while it is repeated. */
  readonly #before = new Original();
  readonly #first: readonly string[];
  /** Those of them that do not fail any more. */
  readonly #mended: string[] = [];
  #steps = 0;
  #exhaustive = false;

  /** @param first tokens of earlier failures, tried before anything else. */
  constructor(body: (sim: Sim) => unknown, settings: Settings, branches: Branches, first: readonly string[] = []) {
    this.#settings = settings;
    this.#first = first;
    this.#branches = branches;
    this.#body = body;
    this.#runs = new Executions(body, settings);
    this.#strategy = typeof settings.strategy === 'string' ? STRATEGIES[settings.strategy]() : settings.strategy;
  }

  /** Tokens of earlier failures that pass now. */
  get mended(): readonly string[] {
    return this.#mended;
  }

  *plan(engine: Engine): Plan<Report> {
    let failure = yield* this.#retry(engine);
    if (failure === undefined) {
      const raw = yield* this.#search(engine);
      if (raw !== undefined) failure = yield* confirm(engine, this.#runs, this.#settings, raw, this.#strategy.name);
    }
    return this.#report(engine, failure);
  }

  /** Earlier failures first. What a token asks for is followed as far as it can be. */
  *#retry(engine: Engine): Plan<Failure | undefined> {
    const { scheduler } = engine;
    for (const token of this.#first) {
      const recording = decodeToken(token);
      const { execution, seed, time, deviations, order, steps, granularity, stallMs, maxSteps, startTime } = recording;
      const settings = { ...this.#settings, granularity, stallMs, maxSteps, startTime: startTime ?? START_TIME };
      const runs = new Executions(this.#body, settings);
      runs.next(naturalOrder, execution, seed, time === 'elastic');
      this.#branches.counting = true;
      yield runs.replay(new ReplayChooser(deviations, order, steps));
      this.#branches.counting = false;
      if (this.#branches.misuse !== undefined) throw this.#branches.misuse;
      if (engine.interrupted) return undefined;
      this.#count(scheduler);
      const failed = outcomeOf(scheduler, settings.leaks === 'fail' || recording.kind === 'leak');
      if (failed !== undefined) return yield* confirm(engine, runs, settings, failed, STORE);
      this.#mended.push(token);
    }
    return undefined;
  }

  /** An execution that has run to its end. */
  #count({ trace }: Scheduler): void {
    this.executions++;
    this.#steps += trace.length;
    this.#distinct.add(trace.hashA, trace.hashB);
    this.#branches.close(this.executions);
    this.#straddling.add(trace, this.executions);
  }

  /** Runs executions until one fails, the strategy has no more, or the budget is spent. */
  *#search(engine: Engine): Plan<RawFailure | undefined> {
    const { scheduler } = engine;
    const settings = this.#settings;
    const strategy = this.#strategy;
    const branches = this.#branches;
    const random = generator(`${settings.seed}`);
    const chooser = new StrategyChooser(strategy, settings.bursts, random);
    const { runs, maxSteps, bursts, time } = settings;
    const info = { execution: 0, random, runs, maxSteps, bursts, time };
    for (let execution = 1; !engine.interrupted; execution++) {
      // A strategy that can run out is asked once more: that nothing is left is worth knowing.
      if (execution > runs && strategy.complete !== true) break;
      info.execution = execution;
      if (!strategy.begin(info)) {
        this.#exhaustive = strategy.complete === true;
        break;
      }
      if (execution > runs) break;
      chooser.begin();
      branches.counting = true;
      yield this.#runs.next(chooser, execution, this.#chanceOf(execution), this.#isElastic(random));
      branches.counting = false;
      if (branches.misuse !== undefined) throw branches.misuse;
      if (engine.interrupted) break;
      this.#count(scheduler);
      this.#evidence.add(scheduler);
      const failure = this.#judge(engine);
      if (failure !== undefined) return failure;
      if (random() < REPLAY_SHARE) {
        const differs = yield* this.#replayPassing(engine);
        if (differs !== undefined) return differs;
      }
    }
    return undefined;
  }

  /** A strategy that runs every schedule meets the same program each time. */
  #chanceOf(execution: number): number {
    return chanceSeed(this.#settings.seed, this.#strategy.complete === true ? 1 : execution);
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
