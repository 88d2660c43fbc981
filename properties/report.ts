import type { Step } from '../scheduler/diagnosis.ts';
import { StraddleError } from '../scheduler/error.ts';
import type { FailureKind, Waiting } from '../scheduler/failure.ts';
import type { Reach } from '../scheduler/reach.ts';
import type { BaseOrder } from '../scheduler/schedule.ts';
import type { Space } from '../scheduler/strategy.ts';
import type { Decision } from './deciding.ts';

/** What an exploration found. */
export interface Report {
  readonly verdict: 'pass' | 'fail' | 'vacuous';
  readonly executions: number;
  readonly steps: number;
  /** Distinct schedules among the executions. */
  readonly distinct: number;
  /** Every schedule within the bounds was run. */
  readonly exhaustive: boolean;
  /** Of a strategy that can run out of schedules: how many there are in all, and where to go on. */
  readonly space?: Space;
  readonly seed: number;
  readonly strategy: string;
  readonly elapsedMs: number;
  readonly branches: Record<string, BranchCount>;
  /** For each execution, at most the first 50: how often it passed each branch. */
  readonly branchTable: readonly BranchRow[];
  /** How sure one can be; of explorations. */
  readonly statistics?: Statistics;
  /** Sites at which a task waited, and in how many executions another task ran meanwhile. */
  readonly straddled: readonly SiteCount[];
  readonly failure?: Failure;
  /** Of a part of a split exploration: a hash of each distinct schedule, the same on every machine. */
  readonly schedules?: readonly string[];
  readonly vacuous: readonly Vacuity[];
  /** Health checks that do not change the verdict. */
  readonly warnings: readonly Warning[];
}

export interface SiteCount {
  /** The point's name, or the awaited expression and its function. */
  readonly site: string;
  /** `file:line:column` of an instrumented await. */
  readonly place?: string;
  /** Executions in which a task waited there. */
  readonly executions: number;
  /** Those in which another task ran meanwhile. */
  readonly straddled: number;
}

export interface BranchCount {
  /** How often it was passed, over all executions. */
  readonly hits: number;
  /** Executions that passed it. */
  readonly executions: number;
  /** Their share of all executions. */
  readonly share: number;
}

/** In how many of the executions something was seen, with a 95 % interval (Wilson, 1927) for how often it is. */
export interface Frequency {
  readonly executions: number;
  readonly of: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The frequencies hold for executions that are drawn as these were. Where every schedule was run they are exact. An
 * exploration stops at its first failure, so that the failure's own frequency is rather over- than underestimated.
 */
export interface Statistics {
  readonly failure: Frequency;
  readonly branches: Readonly<Record<string, Frequency>>;
  /** Executions in which chance had a say. */
  readonly sampled: number;
  /** What a search without a failure leaves open, in a sentence. */
  readonly residual?: string;
}

export interface BranchRow {
  readonly execution: number;
  readonly hits: Record<string, number>;
}

/** Evidence that is missing for a pass. */
export interface Vacuity {
  readonly kind: 'branch' | 'no-choice' | 'no-hold' | 'no-assertion' | 'no-arrival';
  readonly detail: string;
}

/** A health check: what was seen, why it matters, what to do instead. */
export interface Warning {
  readonly name: string;
  readonly detail: string;
}

/** A failing execution, confirmed by a replay and minimised. */
export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
  readonly error?: unknown;
  /** Replays the minimised schedule. */
  readonly token: string;
  /** The order that deviations are counted against: Node's own, or one in which a task keeps running while it can. */
  readonly order: BaseOrder;
  readonly deviations: number;
  readonly preemptions: number;
  /** Which execution found it, 1-based. */
  readonly execution: number;
  /** The strategy that found it. */
  readonly foundBy: string;
  /** `today`: Node can do it with this very code; see the guide for the others. */
  readonly reach: Reach;
  /** The nearest passing schedule parts from this one at `step`: it passes if `first` runs before `second` there. */
  readonly decidingPair?: Decision;
  readonly trace: readonly Step[];
  /** The nearest passing schedule; it has the deciding pair the other way round. */
  readonly nearestPassing?: readonly Step[];
  /** For deadlocks and stalled gates: who waits on what, where. */
  readonly waiting: readonly Waiting[];
}

/** What `onProgress` is told about every 50 ms. */
export interface Progress {
  readonly executions: number;
  /** The most executions there will be. */
  readonly runs: number;
  readonly elapsedMs: number;
  /** About how many schedules there are in all, where the strategy can run out of them. */
  readonly schedules?: number;
  /** About how many milliseconds it will take from here, unless a failure or the budget ends it earlier. */
  readonly leftMs?: number;
}

/** Thrown by `check`: carries the report. */
export class CheckError extends StraddleError {
  readonly report: Report;

  constructor(message: string, report: Report, options?: ErrorOptions) {
    super(report.verdict === 'vacuous' ? 'vacuous' : (report.failure?.kind ?? 'fail'), message, options);
    this.report = report;
  }

  /** For runners that print all that an error has: the message tells the report, of which `report` is the whole. */
  toJSON(): object {
    const { name, message, stack, cause, kind } = this;
    return { name, message, stack, cause, kind };
  }
}
