import type { Runnable, Step } from '../scheduler/diagnosis.ts';
import type { Waiting } from '../scheduler/failure.ts';

/** What a guide is shown before a choice. */
export interface Scene {
  /** 0-based: the step that is about to run. */
  readonly step: number;
  /** Steps of the recorded execution. */
  readonly recorded: number;
  /** Virtual milliseconds. */
  readonly time: number;
  readonly runnable: readonly Runnable[];
  /** Its place in `runnable`: the recorded choice or, once another one was made, natural order's. */
  readonly suggested: number;
  /** The suggested choice is a deviation of the recording. */
  readonly isDeviation: boolean;
  /** The step of the recording's first deviation. */
  readonly firstDeviation: number | undefined;
  /** Another choice than the recorded one was made before. */
  readonly hasLeft: boolean;
  readonly waiting: readonly Waiting[];
  /** What has run; computed when asked for. */
  readonly ran: () => readonly Step[];
}

/** How an execution ended under a guide. */
export interface Ending {
  readonly steps: number;
  readonly hasLeft: boolean;
  /** Kind and message, or undefined: it passed. */
  readonly failure: { readonly kind: string; readonly message: string } | undefined;
}

/** Go on, run another operation instead, or run again from the start up to a step. */
export type Answer = 'next' | { readonly choose: number } | { readonly backTo: number };

/** Leads a replay step by step. Everything is synchronous: the code under test must not move meanwhile. */
export interface Guide {
  /** Before an execution, and before each one that repeats it; steps before `from` are not asked about. */
  begin(from: number): void;
  choose(scene: Scene): Answer;
  /** Undefined: that is all. */
  ended(ending: Ending): { readonly backTo: number } | undefined;
}

const SLOT = Symbol.for('straddle.guide.v1');

/** The guide of every replay of this process, put there by whoever sits at the terminal. */
export function guideOfProcess(): Guide | undefined {
  return (globalThis as unknown as Record<symbol, Guide | undefined>)[SLOT];
}

export function guideProcess(guide: Guide | undefined): void {
  (globalThis as unknown as Record<symbol, Guide | undefined>)[SLOT] = guide;
}
