import type { TimerOp } from '../op.ts';

/** Where `Date` stands when an execution begins, unless the option `startTime` says otherwise. */
export const START_TIME = Date.UTC(2024, 0, 1);

/** Where `performance.now()` stands when an execution begins: above 0, which libraries read as "unset". */
export const PERFORMANCE_START = 1_000;

/** Reads of the clock in one step, after which time passes while code reads it: a busy wait must end. */
const READS_BEFORE_SPINNING = 100_000;
/** Further reads in which one millisecond passes. */
const READS_PER_MS = 1_000;

/** Virtual time: a clock in milliseconds, a heap of timers by due time and request, and the immediates. */
export class Clock {
  /** Virtual milliseconds since the execution began. */
  now = 0;
  /** How many timers and immediates are pending. */
  pending = 0;
  /** How many of the timers keep the execution alive for more than another round of their own. */
  firm = 0;
  readonly #heap: TimerOp[] = [];
  readonly #immediates: TimerOp[] = [];
  #firstImmediate = 0;
  #orders = 0;
  #reads = 0;
  #readIn = 0;

  clear(): void {
    this.now = 0;
    this.#orders = 0;
    this.#reads = 0;
    if (this.pending === 0 && this.#immediates.length === 0) return;
    this.pending = 0;
    this.firm = 0;
    this.#heap.length = 0;
    this.#immediates.length = 0;
    this.#firstImmediate = 0;
  }

  /** Neither a timer nor an immediate has been asked for. */
  get isUntouched(): boolean {
    return this.#orders === 0;
  }

  /** The time as code under test reads it in step `step`. */
  read(step: number): number {
    if (step !== this.#readIn) {
      this.#readIn = step;
      this.#reads = 0;
    } else if (++this.#reads > READS_BEFORE_SPINNING && this.#reads % READS_PER_MS === 0) this.now++;
    return this.now;
  }

  /** A timer or an immediate was armed since the execution began. */
  get isUsed(): boolean {
    return this.#orders > 0;
  }

  get timers(): readonly TimerOp[] {
    return this.#heap;
  }

  /** The earliest timer; of those due together, the one that was armed first. */
  get nextTimer(): TimerOp | undefined {
    return this.#heap[0];
  }

  get nextImmediate(): TimerOp | undefined {
    return this.#immediates[this.#firstImmediate];
  }

  get pendingImmediates(): readonly TimerOp[] {
    return this.#immediates.slice(this.#firstImmediate);
  }

  addImmediate(op: TimerOp): void {
    this.pending++;
    op.order = ++this.#orders;
    this.#immediates.push(op);
  }

  /** False if it was not pending. */
  removeImmediate(op: TimerOp): boolean {
    const at = this.#immediates.indexOf(op, this.#firstImmediate);
    if (at < 0) return false;
    this.pending--;
    if (at > this.#firstImmediate) this.#immediates.splice(at, 1);
    else if (++this.#firstImmediate === this.#immediates.length) {
      this.#immediates.length = 0;
      this.#firstImmediate = 0;
    }
    return true;
  }

  addTimer(op: TimerOp): void {
    this.pending++;
    if (!op.soft) this.firm++;
    op.order = ++this.#orders;
    this.#up(op, this.#heap.length);
  }

  /** False if it was not pending, for instance because its execution is over. */
  removeTimer(op: TimerOp): boolean {
    const at = op.at;
    if (at < 0 || this.#heap[at] !== op) return false;
    op.at = -1;
    this.pending--;
    if (!op.soft) this.firm--;
    const last = this.#heap.pop()!;
    if (last === op) return true;
    if (at > 0 && before(last, this.#heap[(at - 1) >> 1]!)) this.#up(last, at);
    else this.#down(last, at);
    return true;
  }

  /** Whether a timer keeps the execution alive. */
  weaken(op: TimerOp, weak: boolean): void {
    const isTimer = op.at >= 0 && this.#heap[op.at] === op;
    if (isTimer && !op.soft) this.firm--;
    op.weak = weak;
    if (isTimer && !op.soft) this.firm++;
  }

  #up(op: TimerOp, from: number): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent]!;
      if (!before(op, above)) break;
      heap[at] = above;
      above.at = at;
      at = parent;
    }
    heap[at] = op;
    op.at = at;
  }

  #down(op: TimerOp, from: number): void {
    const heap = this.#heap;
    const size = heap.length;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && before(heap[child + 1]!, heap[child]!)) child++;
      const below = heap[child]!;
      if (!before(below, op)) break;
      heap[at] = below;
      below.at = at;
      at = child;
    }
    heap[at] = op;
    op.at = at;
  }
}

function before(a: TimerOp, b: TimerOp): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
