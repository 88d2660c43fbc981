import type { Interval } from '../../properties/statistics.ts';
import type { Cause } from './axes.ts';
import type { Outcome } from './outcome.ts';

export const TRIAGE_SCHEMA = 'straddle-triage/1';

/** What a triage came to, as plain JSON; documented in docs/triage.md. */
export interface TriageDocument {
  readonly schema: typeof TRIAGE_SCHEMA;
  readonly subject: string;
  readonly cause: Cause;
  /** Sentences, the most telling first. */
  readonly evidence: readonly string[];
  /** What is known to decide: a variable, a level, a port. */
  readonly leaked: readonly string[];
  /** Of the plain runs. */
  readonly plain: Rate;
  /** Every variation that was run, in order. */
  readonly variations: readonly Variation[];
  /** Distinct failures over all runs, the most frequent first. */
  readonly failures: readonly FailureGroup[];
  /** False when Ctrl-C or the budget ended it early. */
  readonly complete: boolean;
  /** For order: the shortest failing story, its token, and a regression test to paste. */
  readonly order?: OrderFinding;
}

export interface Rate {
  readonly runs: number;
  readonly failures: number;
  readonly rate: number;
  /** Wilson's 95 % interval. */
  readonly interval: Interval;
  readonly outcomes: readonly Outcome[];
}

export interface Variation extends Rate {
  readonly axis: string;
  readonly level: string;
  /** It explains the failure. */
  readonly explains: boolean;
}

export interface FailureGroup {
  readonly signature: string;
  readonly count: number;
  /** As it was printed the first time. */
  readonly excerpt: string;
}

export interface OrderFinding {
  readonly token: string;
  readonly reach: string;
  readonly story: string;
  readonly regressionTest: string;
}
