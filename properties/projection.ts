import type { Chooser } from '../scheduler/chooser.ts';
import type { Op } from '../scheduler/op.ts';
import { baseIndex, type BaseOrder } from '../scheduler/schedule.ts';

/** Whose step it was in an execution that has run, and how it was taken. */
export interface Turn {
  readonly task: string;
  /** Settled together with the one before, or not; undefined: as the base order has it. */
  readonly joined: boolean | undefined;
  readonly took: number;
  /** It overtook what natural order would have run: without that, a timer waits for all other work. */
  readonly ahead: boolean;
  /** What a machine rarely does: an early timer, time taken, settled together. */
  readonly odd: boolean;
}

/**
 * Some tasks take their turns in the order in which they took them before, each as soon as it can. All others follow
 * the base order: while the task whose turn it is cannot run, and when all turns are taken.
 */
export class Projection implements Chooser {
  readonly bursts = true;
  readonly #turns: readonly Turn[];
  readonly #order: BaseOrder;
  /** How many turns each task has left. */
  readonly #left = new Map<string, number>();
  /** How many turns each task took before they were its turn, because nobody else could run. */
  readonly #ahead = new Map<string, number>();
  #at = 0;
  #lastTask = 0;
  #took = 0;

  constructor(turns: readonly Turn[], order: BaseOrder) {
    this.#turns = turns;
    this.#order = order;
    for (const { task } of turns) add(this.#left, task, 1);
  }

  choose(enabled: readonly Op[]): number {
    const turn = this.#next();
    const index = turn === undefined ? -1 : enabled.findIndex((op, i) => isTurnOf(op, i, turn));
    this.#took = index < 0 ? 0 : turn!.took;
    return this.#ran(enabled, index < 0 ? this.#base(enabled) : index);
  }

  join(enabled: readonly Op[], _step: number, natural: boolean): number {
    const turn = this.#next();
    const mine = turn === undefined ? -1 : enabled.findIndex((op) => op.settles && op.task.name === turn.task);
    if (turn?.joined === true && mine >= 0) return this.#ran(enabled, mine);
    if (!natural || this.#order === 'steady') return -1;
    const may = this.#isKept(enabled[0]!) ? mine === 0 && turn!.joined === undefined : true;
    return may ? this.#ran(enabled, 0) : -1;
  }

  take(limit: number): number {
    return Math.min(limit, this.#took);
  }

  /** The base order's choice among those who have no turn to wait for, if there are any. */
  #base(enabled: readonly Op[]): number {
    const base = baseIndex(this.#order, enabled, this.#lastTask);
    if (!this.#isKept(enabled[base]!)) return base;
    const other = enabled.findIndex((op) => !this.#isKept(op) && !isTimer(op));
    return other < 0 ? base : other;
  }

  /** The first turn that is left. */
  #next(): Turn | undefined {
    for (; this.#at < this.#turns.length; this.#at++) {
      const turn = this.#turns[this.#at]!;
      if ((this.#ahead.get(turn.task) ?? 0) === 0) return turn;
      add(this.#ahead, turn.task, -1);
    }
    return undefined;
  }

  #isKept(op: Op): boolean {
    return (this.#left.get(op.task.name) ?? 0) > 0;
  }

  #ran(enabled: readonly Op[], index: number): number {
    const op = enabled[index]!;
    const { name } = op.task;
    this.#lastTask = op.task.id;
    if (this.#isKept(op)) {
      add(this.#left, name, -1);
      if (this.#turns[this.#at]!.task === name) this.#at++;
      else add(this.#ahead, name, 1);
    }
    return index;
  }
}

function isTurnOf(op: Op, index: number, { task, ahead }: Turn): boolean {
  return op.task.name === task && (ahead || index === 0 || !isTimer(op));
}

function isTimer({ kind }: Op): boolean {
  return kind === 'sleep' || kind === 'timer';
}

function add(counts: Map<string, number>, name: string, more: number): void {
  counts.set(name, (counts.get(name) ?? 0) + more);
}
