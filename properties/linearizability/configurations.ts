import { tooConcurrent } from './model.ts';

/**
 * The configurations that a search has met: which operations are placed and the state that this led to, each once,
 * with the configuration and the operation that it was first reached from. An exact hash set with linear probing over
 * one array of integers, because millions of keys as strings would cost most of the search's time.
 */
export class Configurations {
  /** Words of 32 operations each; then the state, the parent and the operation. */
  readonly #words: number;
  readonly #stride: number;
  readonly #most: number;
  #records: Int32Array;
  /** Index of a record plus one; 0 is free. At most half full. */
  #table = new Int32Array(64);
  size = 0;

  /** @param most configurations; one more throws `too-concurrent`. */
  constructor(operations: number, most: number) {
    this.#most = most;
    this.#words = (operations + 31) >>> 5;
    this.#stride = this.#words + 3;
    this.#records = new Int32Array(32 * this.#stride);
  }

  /** Adds the first configuration, with nothing placed. */
  start(state: number): number {
    return this.#commit(state, -1, -1);
  }

  /** The configuration after `parent` with one more operation placed; -1 if it is known. */
  add(parent: number, operation: number, state: number): number {
    const at = this.size * this.#stride;
    this.#records.copyWithin(at, parent * this.#stride, parent * this.#stride + this.#words);
    this.#records[at + (operation >>> 5)]! |= 1 << (operation & 31);
    return this.#commit(state, parent, operation);
  }

  has(configuration: number, operation: number): boolean {
    return (this.#records[configuration * this.#stride + (operation >>> 5)]! & (1 << (operation & 31))) !== 0;
  }

  state(configuration: number): number {
    return this.#records[configuration * this.#stride + this.#words]!;
  }

  /** -1 for the first. */
  parent(configuration: number): number {
    return this.#records[configuration * this.#stride + this.#words + 1]!;
  }

  operation(configuration: number): number {
    return this.#records[configuration * this.#stride + this.#words + 2]!;
  }

  #commit(state: number, parent: number, operation: number): number {
    const at = this.size * this.#stride;
    this.#records[at + this.#words] = state;
    const slot = this.#slotOf(this.size);
    if (this.#table[slot] !== 0) return -1;
    if (this.size === this.#most) throw tooConcurrent(`${this.#most.toLocaleString('en')} configurations`);
    this.#records[at + this.#words + 1] = parent;
    this.#records[at + this.#words + 2] = operation;
    this.#table[slot] = ++this.size;
    if (this.size * 2 > this.#table.length) this.#rehash();
    // One record more than are kept, to build the next candidate in.
    if ((this.size + 1) * this.#stride > this.#records.length) {
      const larger = new Int32Array(this.#records.length * 2);
      larger.set(this.#records);
      this.#records = larger;
    }
    return this.size - 1;
  }

  /** The slot that holds the same operations and state as the record, or the free one where it belongs. */
  #slotOf(record: number): number {
    const records = this.#records;
    const keyed = this.#words + 1;
    const at = record * this.#stride;
    let hash = 0;
    for (let word = 0; word < keyed; word++) {
      hash = Math.imul(hash ^ records[at + word]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    const mask = this.#table.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const held = this.#table[slot]! - 1;
      if (held < 0) return slot;
      let word = 0;
      while (word < keyed && records[held * this.#stride + word] === records[at + word]) word++;
      if (word === keyed) return slot;
    }
  }

  #rehash(): void {
    this.#table = new Int32Array(this.#table.length * 2);
    for (let record = 0; record < this.size; record++) this.#table[this.#slotOf(record)] = record + 1;
  }
}
