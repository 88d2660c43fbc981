import type { Chooser } from './chooser.ts';
import type { IoOp, Op } from './op.ts';
import type { Task } from './task.ts';

/** How one execution is to be run. */
export interface RunSpec {
  chooser: Chooser;
  /** 1-based number, as the body sees it. */
  execution: number;
  /** Seed of `Math.random` and its like. */
  seed: number;
  maxSteps: number;
  /** What `Date` shows when it begins, in milliseconds since 1970. */
  startTime: number;
  /** The earliest timer competes with other enabled operations. */
  elastic: boolean;
  /** Virtual milliseconds by which timers may run ahead of enabled work. */
  stallMs: number;
  /** False: instrumented awaits are no scheduling points. */
  awaits: boolean;
}

/** Eyes on an execution that is being told to a person; absent in the search, where speed counts. */
export interface Observer {
  begin(): void;
  created(op: Op): void;
  chosen(enabled: readonly Op[], index: number, step: number): void;
  fired(op: Op, step: number): void;
  /** Runs a task's code so that what it creates can be attributed to it later. */
  within(task: Task, run: () => void): void;
  /** The current task waits for this, it says, and who could end that. */
  told?(promise: Promise<unknown>, on: string, heldBy: (() => string | undefined) | undefined): void;
  end(): void;
}

/** Work outside the process that an execution has asked for. */
export interface Outside {
  /** Effects that may take place, then completions that have come in, each in the order of their requests. */
  readonly ready: readonly IoOp[];
  /** True while something that was asked for has not completed. */
  pending(): boolean;
  /** What has been waited for in vain, for a person to read. */
  readonly unanswered: string | undefined;
  /** Effects that somebody might miss. */
  leftovers(): Iterable<Op>;
  /** Takes a chosen operation out. True for a completion, false for an effect that takes place now. */
  remove(op: IoOp): boolean;
}

/** Why the loop gave control back: the execution ended, the drain needs a turn, or outside work does. */
export type Pause = 'ended' | 'drain' | 'time' | 'outside';
