import { StraddleError } from './error.ts';
import type { Op } from './op.ts';
import type { Reach } from './reach.ts';
import type { Tasks } from './task.ts';
import { DEVIATED, JOINED, type Trace } from './trace.ts';

/** A resumption by name, so that it is found again after an edit of the code. */
export interface OpName {
  readonly task: string;
  readonly op: string;
  /** Which of the resumptions of this task and name it is; 1-based. */
  readonly nth: number;
}

export function isSameName(a: OpName, b: OpName): boolean {
  return a.task === b.task && a.op === b.op && a.nth === b.nth;
}

/**
 * The order that deviations are measured against.
 * - `natural`: what Node does.
 * - `steady`: a task keeps running while it can; otherwise the oldest enabled operation, timers and the like
 *   last. Nothing is settled together. A schedule with few context switches is short in this order and long in
 *   the natural one.
 */
export type BaseOrder = 'natural' | 'steady';

/** A choice that differs from the base order. It names its operation and its place, not a position. */
export interface Deviation extends OpName {
  /** 0-based step at which it was made. */
  readonly step: number;
  /** Runs when the base order would run this one; the operation itself if only its time or its drain deviates. */
  readonly instead?: OpName;
  /** Runs directly after this one. */
  readonly after?: OpName;
  /** Settled together with the one that it runs after, with no drain between. */
  readonly joined: boolean;
  /** Virtual milliseconds that it took before it ran. */
  readonly took: number;
}

/** A deviation with what it asks of the world. */
export interface NotedDeviation extends Deviation {
  /** A timer that fired while other work was enabled. */
  readonly early: boolean;
  /** What it takes for this choice to be made outside of straddle. */
  readonly reach: Reach;
}

/** Where the base order stands: which of the enabled operations it would run. */
export function baseIndex(order: BaseOrder, enabled: readonly Op[], lastTask: number): number {
  if (order === 'natural') return 0;
  const own = enabled.findIndex(({ kind, task }) => task.id === lastTask && kind !== 'sleep' && kind !== 'timer');
  return Math.max(0, own);
}

/** Counts how often each task was resumed under each name. */
export class Occurrences {
  readonly #counts = new Map<number, number>();

  clear(): void {
    this.#counts.clear();
  }

  /** The name of an enabled operation, should it run next. */
  nameOf(op: Op): OpName {
    return { task: op.task.name, op: op.name, nth: (this.#counts.get(idOf(op)) ?? 0) + 1 };
  }

  /** The number that `op` would have, should it run next. */
  nthOf(op: Op): number {
    return (this.#counts.get(idOf(op)) ?? 0) + 1;
  }

  ran(op: Op): void {
    const id = idOf(op);
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }
}

/** Tasks and labels are dense small numbers. */
function idOf(op: Op): number {
  return op.task.id * 2 ** 24 + op.label;
}

/** The deviations of a recorded execution from natural order, to be followed by step. */
export function deviationsByStep(trace: Trace, tasks: Tasks, labels: Labels): Deviation[] {
  const counts = new Map<string, number>();
  const deviations: Deviation[] = [];
  for (let step = 1; step < trace.length; step++) {
    const task = tasks.all[trace.taskAt(step)]!.name;
    const op = labels.nameOf(trace.labelAt(step));
    const nth = (counts.get(`${task}\n${op}`) ?? 0) + 1;
    counts.set(`${task}\n${op}`, nth);
    if (!trace.has(step, DEVIATED)) continue;
    deviations.push({ task, op, nth, step, joined: trace.has(step, JOINED), took: trace.took.get(step) ?? 0 });
  }
  return deviations;
}

/** Names of operations as small numbers; grows over one exploration. */
export class Labels {
  readonly #ids = new Map<string, number>();
  readonly #names: string[] = [];
  #lastName = '';
  #lastId = -1;

  clear(): void {
    this.#ids.clear();
    this.#names.length = 0;
    this.#lastName = '';
    this.#lastId = -1;
  }

  get size(): number {
    return this.#names.length;
  }

  idOf(name: string): number {
    return name === this.#lastName && this.#lastId >= 0 ? this.#lastId : this.#intern(name);
  }

  #intern(name: string): number {
    let id = this.#ids.get(name);
    if (id === undefined) {
      if (typeof name !== 'string')
        throw new StraddleError('usage', `A point is named by a text, not by ${String(name)}.`);
      id = this.#names.length;
      this.#names.push(name);
      this.#ids.set(name, id);
    }
    this.#lastName = name;
    this.#lastId = id;
    return id;
  }

  /** The id of a name already met, or −1. */
  find(name: string): number {
    return this.#ids.get(name) ?? -1;
  }

  nameOf(id: number): string {
    return this.#names[id]!;
  }
}
