import type { Chooser } from './chooser.ts';
import type { StraddleError } from './error.ts';
import type { EnabledOp, Op } from './op.ts';
import { keyOf, Place } from './place.ts';
import { baseIndex, Occurrences, type BaseOrder, type Deviation, type OpName } from './schedule.ts';
import { JOINED, type Trace } from './trace.ts';

/** Makes the very choices of a recorded execution again, by position. */
export class RetraceChooser implements Chooser {
  readonly bursts = true;
  readonly #trace: Trace;

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  choose(enabled: readonly Op[], step: number): number {
    if (step >= this.#trace.length) return 0;
    const index = this.#trace.indexAt(step);
    return index < enabled.length ? index : 0;
  }

  join(enabled: readonly Op[], step: number, natural: boolean): number {
    // Where the recording ends, it drained: what natural order would have settled too was left.
    if (step >= this.#trace.length) return step > this.#trace.length && natural ? 0 : -1;
    if (!this.#trace.has(step, JOINED)) return -1;
    const index = this.#trace.indexAt(step);
    return enabled[index]?.settles === true ? index : -1;
  }

  take(limit: number, step: number): number {
    return Math.min(limit, this.#trace.took.get(step) ?? 0);
  }
}

/** The step at which a replay stopped matching what had been recorded. */
export interface Mismatch {
  readonly step: number;
  readonly expected: Deviation;
  /** What could run there; empty at the end of the execution. */
  readonly met: readonly string[];
}

/**
 * Follows recorded deviations by name and the base order everywhere else. A deviation is made when the base
 * order arrives at the operation that it was made instead of, whatever the step: an unrelated step that was
 * added to the code since moves nothing. Where the deviating operation is not enabled by then, whatever its task
 * does next takes its place, or else the base order goes on; the first such mismatch is remembered.
 *
 * In the program that was recorded this is exact: the base order arrives at an operation first where the first
 * deviation was made instead of it, because otherwise it would have run it.
 */
export class ReplayChooser implements Chooser {
  readonly bursts = true;
  mismatch: Mismatch | undefined;
  readonly #order: BaseOrder;
  readonly #instead = new Map<string, Place>();
  readonly #after = new Map<string, Place>();
  /** Deviations without a place, recorded but never replayed: followed by step. */
  readonly #byStep = new Map<number, Deviation>();
  readonly #left: Set<Deviation>;
  readonly #steps: number | undefined;
  readonly #seen = new Occurrences();
  #last = '';
  #lastTask = 0;
  #took = 0;

  /** @param steps how many were recorded: there it drained, even where the base order would settle more. */
  constructor(deviations: readonly Deviation[], order: BaseOrder = 'natural', steps?: number) {
    this.#order = order;
    this.#steps = steps;
    this.#left = new Set(deviations);
    for (const deviation of deviations) {
      if (deviation.after !== undefined) add(this.#after, deviation.after, deviation);
      else if (deviation.instead !== undefined) add(this.#instead, deviation.instead, deviation);
      else this.#byStep.set(deviation.step, deviation);
    }
  }

  /** The deviations that were not made. */
  get unfollowed(): readonly Deviation[] {
    return [...this.#left];
  }

  choose(enabled: readonly Op[], step: number): number {
    this.#took = 0;
    const base = baseIndex(this.#order, enabled, this.#lastTask);
    return this.#ran(enabled, this.#left.size === 0 ? base : this.#deviate(enabled, base, step));
  }

  join(enabled: readonly Op[], step: number, natural: boolean): number {
    if (this.#left.size > 0) {
      const [made, index] = this.#find(this.#after.get(this.#last), enabled, true);
      if (made !== undefined) {
        this.#follow(made, enabled, index, step);
        return this.#ran(enabled, index);
      }
      const here = this.#byStep.get(step);
      if (here !== undefined) return here.joined ? this.#ran(enabled, this.#require(enabled, here, step)) : -1;
    }
    if (!natural || this.#order === 'steady' || step === this.#steps) return -1;
    // Something was chosen, or the drain awaited, instead of settling it together.
    if (this.#placeOf(enabled[0]!) !== undefined) return -1;
    return this.#ran(enabled, 0);
  }

  take(limit: number): number {
    return Math.min(limit, this.#took);
  }

  /** The deviation that belongs here, or the base order's choice. */
  #deviate(enabled: readonly Op[], base: number, step: number): number {
    const place = this.#placeOf(enabled[base]!);
    for (const candidates of [this.#after.get(this.#last), place]) {
      const [made, index] = this.#find(candidates, enabled, false);
      if (made === undefined) continue;
      this.#follow(made, enabled, index, step);
      this.#took = made.took;
      return index;
    }
    // The operation that it was to overtake runs now.
    if (place !== undefined) this.#note(place.first(this.#left)!, enabled, step);
    const here = this.#byStep.get(step);
    if (here === undefined || here.joined) return base;
    this.#took = here.took;
    return Math.max(0, this.#require(enabled, here, step));
  }

  #find(place: Place | undefined, enabled: readonly Op[], joined: boolean): [Deviation | undefined, number] {
    return place?.find(enabled, joined, this.#left, this.#seen) ?? [undefined, -1];
  }

  readonly #isIt = (one: Op, { task, op, nth }: OpName): boolean =>
    one.name === op && one.task.name === task && this.#seen.nthOf(one) === nth;

  /** Where a deviation is left to be made instead of `op`. */
  #placeOf(op: Op): Place | undefined {
    if (this.#left.size === 0 || this.#instead.size === 0) return undefined;
    const place = this.#instead.get(keyOf(this.#seen.nameOf(op)));
    return place?.first(this.#left) === undefined ? undefined : place;
  }

  /** By step: the operation must be there. */
  #require(enabled: readonly Op[], deviation: Deviation, step: number): number {
    const index = enabled.findIndex((op) => this.#isIt(op, deviation));
    if (index < 0) this.#note(deviation, enabled, step);
    else this.#left.delete(deviation);
    return index;
  }

  #follow(deviation: Deviation, enabled: readonly Op[], index: number, step: number): void {
    this.#left.delete(deviation);
    if (!this.#isIt(enabled[index]!, deviation)) this.#note(deviation, enabled, step);
  }

  #ran(enabled: readonly Op[], index: number): number {
    const op = enabled[index];
    if (op === undefined) return index;
    if (this.#left.size > 0) this.#last = keyOf(this.#seen.nameOf(op));
    this.#lastTask = op.task.id;
    this.#seen.ran(op);
    return index;
  }

  #note(expected: Deviation, enabled: readonly EnabledOp[], step: number): void {
    this.mismatch ??= { step, expected, met: enabled.map((op) => `${op.task.name} at ${op.name}`) };
  }
}

/** Another chooser's choices up to a step, at which it fails as a script does that cannot be followed. */
export class StoppingChooser implements Chooser {
  readonly bursts = true;
  readonly #inner: Chooser;
  readonly #stop: number;
  readonly #error: StraddleError;

  constructor(inner: Chooser, stop: number, error: StraddleError) {
    this.#inner = inner;
    this.#stop = stop;
    this.#error = error;
  }

  choose(enabled: readonly Op[], step: number): number {
    if (step === this.#stop) throw this.#error;
    return this.#inner.choose(enabled, step);
  }

  join(enabled: readonly Op[], step: number, natural: boolean): number {
    return this.#inner.join(enabled, step, natural);
  }

  take(limit: number, step: number): number {
    return this.#inner.take(limit, step);
  }
}

function add(places: Map<string, Place>, name: OpName, deviation: Deviation): void {
  const key = keyOf(name);
  let place = places.get(key);
  if (place === undefined) places.set(key, (place = new Place()));
  place.add(deviation);
}
