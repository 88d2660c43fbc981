import type { Trace } from '../scheduler/trace.ts';

/**
 * A set of schedules by their 64-bit hashes, outside of the JavaScript heap: open addressing in a typed array,
 * so that a long exploration keeps the heap flat.
 */
export class Distinct {
  size = 0;
  #slots = new Int32Array(2 * 1024);

  clear(): void {
    if (this.size === 0) return;
    this.size = 0;
    this.#slots.fill(0);
  }

  /** The schedule of the execution that has just run. */
  add(trace: Trace): void {
    if (this.size * 2 > this.#slots.length / 2) this.#grow();
    trace.hash();
    const { hashA: a, hashB: b } = trace;
    // The pair (0, 0) marks a free slot.
    if (this.#put(a === 0 && b === 0 ? 1 : a, b)) this.size++;
  }

  #put(a: number, b: number): boolean {
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    let at = (a ^ Math.imul(b, 0x9e3779b1)) & mask;
    for (;;) {
      const low = slots[2 * at]!;
      const high = slots[2 * at + 1]!;
      if (low === 0 && high === 0) break;
      if (low === a && high === b) return false;
      at = (at + 1) & mask;
    }
    slots[2 * at] = a;
    slots[2 * at + 1] = b;
    return true;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    for (let i = 0; i < old.length; i += 2) if (old[i] !== 0 || old[i + 1] !== 0) this.#put(old[i]!, old[i + 1]!);
  }
}
