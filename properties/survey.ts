import { naturalOrder } from '../scheduler/chooser.ts';
import type { Engine, Plan } from '../scheduler/control.ts';
import { Diagnosis } from '../scheduler/diagnosis.ts';
import type { RawFailure } from '../scheduler/failure.ts';
import { printsOf } from '../scheduler/prints.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { Sim } from '../scheduler/sim.ts';
import type { Branches } from './branches.ts';
import { chanceSeed, Executions } from './executions.ts';
import { describe } from './failing.ts';
import type { Settings } from './options.ts';
import { outcomeOf, tellOutcome } from './outcome.ts';
import { Original } from './repetition.ts';
import type { Report, Warning } from './report.ts';
import { Search } from './search.ts';
import { Straddling } from './straddling.ts';
import { nameOfStep } from './trials.ts';

/** Why a test is not judged by the schedules that it fails under, or is listed apart. */
export interface SurveyRemark {
  readonly kind: 'not-repeatable' | 'uncontrolled' | 'tick';
  readonly detail: string;
}

/** What other orders do to a test that was written without straddle. */
export interface Surveyed {
  readonly report: Report;
  readonly remark?: SurveyRemark;
}

/** No time was left for it. */
export const UNEXPLORED: Warning = {
  name: 'unexplored',
  detail: 'The budget was spent before other orders than the natural one could run: raise it, or explore fewer tests.',
};

/** Real milliseconds in which earlier failures are tried again at least. */
const RETRY_MS = 250;

/**
 * Explores a test that was not written to be repeated. It runs in natural order first; if there was a choice and it
 * passed, again, until two executions are the same; only then under other schedules.
 */
export class Survey {
  /** Natural order has run, and its outcome is the test's own. */
  isNatural = true;
  readonly #settings: Settings;
  readonly #budgetMs: number;
  readonly #branches: Branches;
  readonly #body: (sim: Sim) => unknown;
  readonly #runs: Executions;
  readonly #first: readonly string[];
  /** Most tests of a suite have one order only. */
  #search: Search | undefined;
  #executions = 0;
  #steps = 0;

  /**
   * @param first tokens of earlier failures.
   * @param budgetMs for other schedules than natural order, 0: for none. Earlier failures are tried
   *   in any case, and what fails is made small.
   */
  constructor(
    body: (sim: Sim) => unknown,
    settings: Settings,
    branches: Branches,
    first: readonly string[],
    budgetMs = Infinity,
  ) {
    this.#budgetMs = first.length > 0 ? Math.max(budgetMs, RETRY_MS) : budgetMs;
    this.#settings = settings;
    this.#branches = branches;
    this.#body = body;
    this.#runs = new Executions(body, settings);
    this.#first = first;
  }

  get executions(): number {
    return this.#executions + (this.#search?.executions ?? 0);
  }

  get mended(): readonly string[] {
    return this.#search?.mended ?? [];
  }

  *plan(engine: Engine): Plan<Surveyed> {
    const failed = yield* this.#natural(engine);
    const { scheduler } = engine;
    const straddling = new Straddling();
    straddling.add(scheduler.trace);
    const alone = (rest: Partial<Report> = {}): Report => ({
      ...this.#report(engine, straddling),
      ...rest,
    });
    if (failed !== undefined) {
      if (engine.interrupted) return { report: alone({ verdict: 'fail' }) };
      return yield* this.#failing(engine, failed, alone);
    }
    const hasOneOrder = this.#hasOneOrder(scheduler);
    if (!hasOneOrder && this.#budgetMs === 0) return { report: alone({ warnings: [UNEXPLORED] }) };
    if (hasOneOrder || this.#settings.runs === 1 || engine.interrupted)
      return { report: alone({ exhaustive: hasOneOrder }) };
    const differs = yield* this.#repeat(engine);
    if (differs !== undefined) return { report: alone(), remark: differs };
    if (this.executions >= this.#settings.runs || engine.interrupted) return { report: alone() };
    engine.endAfter(this.#budgetMs);
    this.#search = new Search(this.#body, this.#settings, this.#branches, this.#first);
    const report = yield* this.#search.plan(engine, () => engine.endAfter(Infinity));
    // Every shard begins in natural order; only the first one counts that.
    const ofAll =
      (this.#settings.shard?.index ?? 1) > 1 ? {} : { executions: this.executions, steps: report.steps + this.#steps };
    return yield* this.#judge(engine, { ...report, ...ofAll });
  }

  *#natural(engine: Engine): Plan<RawFailure | undefined> {
    const { seed } = this.#settings;
    yield this.#runs.next(naturalOrder, 1, chanceSeed(seed, 1), false);
    this.isNatural = false;
    this.#count(engine);
    return outcomeOf(engine.scheduler, false);
  }

  /** There was never a choice, nor would there be one if a timer fired early. */
  #hasOneOrder({ contested, clock }: Scheduler): boolean {
    return !contested && (this.#settings.time === 'idle' || !clock.isUsed);
  }

  #count({ scheduler }: Engine): void {
    this.#executions++;
    this.#steps += scheduler.trace.length;
  }

  /** The first execution may have warmed something up; the next two must be the same. */
  *#repeat(engine: Engine): Plan<SurveyRemark | undefined> {
    const { scheduler } = engine;
    let difference: string | undefined;
    for (let i = 0; i < 2; i++) {
      const before = new Original().keep(scheduler, undefined);
      yield this.#runs.replay(naturalOrder);
      if (engine.interrupted) return undefined;
      this.#count(engine);
      const outcome = outcomeOf(scheduler, false);
      if (outcome !== undefined) return notRepeatable(`Merely repeated in natural order, ${tellOutcome(outcome)}.`);
      difference = before.differenceFrom(scheduler, outcome);
      if (difference === undefined) return undefined;
    }
    return { kind: 'uncontrolled', detail: difference! };
  }

  /** It fails as it does without straddle. */
  *#failing(engine: Engine, failure: RawFailure, alone: (rest: Partial<Report>) => Report): Plan<Surveyed> {
    const { scheduler } = engine;
    const diagnosis = new Diagnosis(scheduler);
    yield this.#runs.replay(naturalOrder, diagnosis);
    const { length } = scheduler.trace;
    const told = {
      order: 'natural',
      granularity: this.#settings.granularity,
      deviations: [],
      reach: 'today',
      steps: length,
      prints: printsOf(length, nameOfStep(scheduler)),
    } as const;
    const last = outcomeOf(scheduler, false) ?? failure;
    return {
      report: alone({
        verdict: 'fail',
        failure: describe(engine, this.#runs, { told, failure: last, diagnosis, foundBy: 'natural' }),
      }),
    };
  }

  /** Is it the order that decides? */
  *#judge(engine: Engine, report: Report): Plan<Surveyed> {
    const { failure } = report;
    if (failure === undefined) return { report };
    if (failure.kind === 'nondeterminism')
      return { report: without(report), remark: { kind: 'uncontrolled', detail: failure.message } };
    if (!engine.interrupted) {
      const runs = new Executions(this.#body, this.#settings);
      yield runs.next(naturalOrder, 1, chanceSeed(this.#settings.seed, 1), false);
      const outcome = engine.interrupted ? undefined : outcomeOf(engine.scheduler, false);
      if (outcome !== undefined) {
        const detail = `After other schedules had run, ${tellOutcome(outcome)} in natural order, too: state is left over.`;
        return { report: without(report), remark: notRepeatable(detail) };
      }
    }
    if (failure.reach !== 'tick') return { report };
    const detail = 'It takes awaits of settled values, or of the test itself, to be overtaken.';
    return { report, remark: { kind: 'tick', detail } };
  }

  #report(engine: Engine, straddling: Straddling): Report {
    return {
      verdict: 'pass',
      executions: this.executions,
      steps: this.#steps,
      distinct: 1,
      exhaustive: false,
      seed: this.#settings.seed,
      strategy: 'natural',
      elapsedMs: engine.elapsedMs(),
      branches: this.#branches.counts(this.executions),
      branchTable: [],
      straddled: straddling.counts(engine.scheduler.labels),
      vacuous: [],
      warnings: [],
    };
  }
}

function notRepeatable(detail: string): SurveyRemark {
  return { kind: 'not-repeatable', detail };
}

/** What was found is not the order's doing. */
function without(report: Report): Report {
  const { failure, ...rest } = report;
  return failure === undefined ? report : { ...rest, verdict: 'pass' };
}
