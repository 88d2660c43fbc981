import type { Site } from './point.ts';
import type { Task } from './task.ts';

/**
 * What an operation waits for.
 * - `start`: a spawned task's first step. `point`: a named point. `await`: an instrumented await.
 * - `sleep`: `sim.sleep`. `timer`, `immediate`, `message`: a callback of the virtual world. `barrier`: `waitHeld`.
 * - `io`: an effect outside the process, or the completion of work there.
 */
export type OpKind = 'start' | 'point' | 'await' | 'sleep' | 'timer' | 'immediate' | 'message' | 'barrier' | 'io';

/** What a strategy sees of an operation. Valid only during the call: objects are reused. */
export interface EnabledOp {
  /** Number of the request, in order of creation within the execution. */
  readonly id: number;
  readonly kind: OpKind;
  readonly task: { readonly id: number; readonly name: string; readonly steps: number };
  /** The point's name, or what the operation is. */
  readonly name: string;
  readonly key: unknown;
  readonly site: Site | undefined;
  /** Whether running it settles a promise; such operations may be settled together before one drain. */
  readonly settles: boolean;
}

/**
 * One pending resumption: a point, a spawned task's start. Points are used again once passed, so nobody may
 * keep one; this base class has only the fields that every operation needs.
 */
export class Op implements EnabledOp {
  // No field begins as undefined and becomes something else: V8 then knows its type, and reads it without a check.
  id = 0;
  declare readonly kind: OpKind;
  declare name: string;
  /** The interned name. */
  label = 0;
  declare key: unknown;
  declare task: Task;
  /** The step that created it. */
  created = 0;
  /** The step that settled what it waits for. */
  settled = 0;
  /** The drain in which it became enabled. */
  readyIn = 0;
  /** Settles the promise that the task awaits. */
  resolve: ((value: unknown) => void) | undefined = undefined;
  /** What a callback operation runs; others settle a promise. */
  run: (() => void) | undefined = undefined;

  constructor(id: number, kind: OpKind, name: string, label: number, key: unknown, task: Task, step: number) {
    this.id = id;
    this.kind = kind;
    this.name = name;
    this.label = label;
    this.key = key;
    this.task = task;
    this.created = step;
    this.settled = step;
  }

  get site(): Site | undefined {
    return undefined;
  }

  get settles(): boolean {
    return this.run === undefined;
  }

  /** Settles the promise. */
  settle(): void {
    this.resolve!(undefined);
  }
}

/** Waits for the outcome of something else: an awaited promise, a barrier, work outside the process. */
export class WaitOp extends Op {
  reject: ((reason: unknown) => void) | undefined = undefined;
  value: unknown = undefined;
  failed = false;
  /** The awaited promise: its reactions keep their order. */
  source: object | undefined = undefined;
  /** The next operation on the same promise: enabled when this one has been chosen. */
  behind: WaitOp | undefined = undefined;
  /** It was still pending when it was awaited. Known in observed executions only. */
  waited: boolean | undefined = undefined;
  awaited: Site | undefined = undefined;
  /** If it is still waiting when the exploration is over, it goes on when the promise is settled. */
  outlives = false;

  override get site(): Site | undefined {
    return this.awaited;
  }

  override settle(): void {
    if (this.failed) this.reject!(this.value);
    else this.resolve!(this.value);
  }
}

/** An effect outside the process, or the completion of work there. */
export class IoOp extends Op {
  /** Its place among what the outside offers. */
  order = 0;
}

/** A point that a worker outside of the process has reached. */
export class ReachedOp extends Op {
  reachedAt: Site | undefined = undefined;

  override get site(): Site | undefined {
    return this.reachedAt;
  }
}

/** A timer, an immediate, a message, or a sleep. */
export class TimerOp extends Op {
  /** Virtual time at which a timer is due; for the others, the round of the loop in which it runs. */
  due = 0;
  /** Of two timers that are due together, the one armed first fires first. */
  order = 0;
  /** Place in the timer heap, or −1. */
  at = -1;
  /** Does not keep the execution alive (`unref`). */
  weak = false;
  /** An interval that has fired before. */
  again = false;
  /**
   * A test runner looks whether code under test has come to something. It never looks before work that is ready, and
   * time that ran ahead of that work puts it off.
   */
  watchdog = false;

  /** Leads nowhere by itself. */
  get soft(): boolean {
    return this.weak || this.again;
  }
}
