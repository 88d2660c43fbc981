import type { Waiting } from '../../scheduler/failure.ts';
import type { OpName } from '../../scheduler/schedule.ts';

type Verdict = 'pass' | 'fail' | 'vacuous';

/**
 * What the HTML page is given: the document with its traces packed and its statistics computed. It imports nothing
 * that needs Node, because the page is compiled against the browser's types.
 */
export interface PageData {
  readonly straddle: string;
  readonly node: string;
  readonly writtenAt: string;
  readonly verdict: Verdict;
  readonly complete: boolean;
  readonly tests: readonly PageTest[];
  /** Outside of tests. */
  readonly problems: readonly { readonly where: string; readonly message: string }[];
  /** Source text by file. */
  readonly sources: Readonly<Record<string, string>>;
}

export interface PageTest {
  readonly name: string;
  readonly file: string;
  readonly line?: number;
  readonly project?: string;
  readonly remark?: { readonly kind: string; readonly detail: string };
  readonly verdict: Verdict;
  readonly executions: number;
  readonly steps: number;
  readonly distinct: number;
  readonly exhaustive: boolean;
  readonly seed: number;
  readonly strategy: string;
  readonly elapsedMs: number;
  readonly failure?: PageFailure;
  /** How often it fails, or what a clean search leaves open. */
  readonly certainty?: string;
  readonly branches: readonly PageBranch[];
  readonly sites: readonly PageSite[];
  readonly vacuous: readonly { readonly kind: string; readonly detail: string }[];
  readonly warnings: readonly { readonly name: string; readonly detail: string }[];
}

export interface PageFailure {
  readonly kind: string;
  readonly message: string;
  readonly stack?: string;
  readonly replay: string;
  readonly origin: string;
  readonly reach: string;
  /** The step at which the failing schedule and the nearest passing one part. */
  readonly difference?: number;
  readonly pair?: { readonly step: number; readonly first: OpName; readonly second: OpName };
  readonly waiting: readonly Waiting[];
  readonly failing: PackedTrace;
  readonly passing?: PackedTrace;
}

export interface PageBranch {
  readonly label: string;
  readonly executions: number;
  readonly share: number;
  /** The 95 % interval of its share; both are the share where every schedule was run. */
  readonly low: number;
  readonly high: number;
}

export interface PageSite {
  readonly site: string;
  /** `file:line:column`, where it is known. */
  readonly place?: string;
  readonly executions: number;
  readonly straddled: number;
}

/** A trace in columns: texts once, numbers for the rest. */
export interface PackedTrace {
  /** Steps that it shares with the failing trace, from the start; they are not repeated. */
  readonly shared: number;
  readonly texts: readonly string[];
  /** `STRIDE` numbers a step, see `FIELDS`. */
  readonly words: readonly number[];
  /** Of contested steps: who could have run instead, at most `MOST_OTHERS` of them, then how many more. */
  readonly others: Readonly<Record<number, readonly number[]>>;
}

/** Columns of a packed step; places in `texts` are 1-based, 0 is none; `created` and `settled` count back. */
export const FIELDS = ['task', 'op', 'kind', 'key', 'site', 'time', 'created', 'settled', 'flags', 'took'] as const;
export const STRIDE = FIELDS.length;
export const MOST_OTHERS = 6;

export const DEVIATION = 1;
export const TOGETHER = 2;
export const EARLY = 4;
