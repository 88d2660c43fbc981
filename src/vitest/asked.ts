import type { Scope } from '../store/store.ts';

/** What `straddle explore` and `straddle replay` ask of the workers that they start. */
export interface Asked {
  readonly runs: number;
  readonly seed: number;
  readonly time: 'mixed' | 'elastic' | 'idle';
  readonly granularity: 'await' | 'macrotask';
  /** Where it was started. */
  readonly root: string;
  /** What is kept with a failure, for its replay. */
  readonly scope: Scope;
  /** Exactly the execution of this token, of the test that it belongs to. */
  readonly token?: string;
}

/** Where workers find it. */
export const ASKED = 'STRADDLE_EXPLORE';

/** The suite is being explored from outside. */
export const isExploring = (process.env[ASKED] ?? '') !== '';

export function asked(): Asked {
  return JSON.parse(process.env[ASKED]!) as Asked;
}

/** Under which the budget is provided to workers, if there is one: it is too long for a variable. */
export const BUDGET = 'straddle:budget';
