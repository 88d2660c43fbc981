import type { TimerOp } from '../op.ts';

/** Where `Date` stands when an execution begins: 2024-01-01T00:00:00.000Z. */
export const EPOCH = Date.UTC(2024, 0, 1);

/** Where `performance.now()` stands when an execution begins: above 0, which libraries read as "unset". */
export const PERFORMANCE_START = 1_000;

/** Virtual time: a clock in milliseconds, a heap of timers by due time and request, and the immediates. */
export class Clock {
  /** Virtual milliseconds since the execution began. */
  now = 0;
  /** How many timers and immediates are pending. */
  pending = 0;
  readonly #heap: TimerOp[] = [];
  readonly #immediates: TimerOp[] = [];
  #firstImmediate = 0;

  clear(): void {
    this.now = 0;
    if (this.pending === 0 && this.#immediates.length === 0) return;
    this.pending = 0;
    this.#heap.length = 0;
    this.#immediates.length = 0;
    this.#firstImmediate = 0;
  }

  get timers(): readonly TimerOp[] {
    return this.#heap;
  }

  /** The earliest timer; of those due together, the one requested first. */
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
    this.#immediates.push(op);
  }

  removeImmediate(op: TimerOp): void {
    const at = this.#immediates.indexOf(op, this.#firstImmediate);
    if (at < 0) return;
    this.pending--;
    if (at > this.#firstImmediate) this.#immediates.splice(at, 1);
    else if (++this.#firstImmediate === this.#immediates.length) {
      this.#immediates.length = 0;
      this.#firstImmediate = 0;
    }
  }

  addTimer(op: TimerOp): void {
    this.pending++;
    this.#up(op, this.#heap.length);
  }

  removeTimer(op: TimerOp): void {
    const at = op.at;
    if (at < 0) return;
    op.at = -1;
    this.pending--;
    const last = this.#heap.pop()!;
    if (last === op) return;
    if (at > 0 && before(last, this.#heap[(at - 1) >> 1]!)) this.#up(last, at);
    else this.#down(last, at);
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
  return a.due < b.due || (a.due === b.due && a.id < b.id);
}
