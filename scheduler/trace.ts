/** Bits of a step's decision word, above the 24 bits of the chosen index. */
export const JOINED = 1 << 24; // settled before the drain of the step before
export const DEVIATED = 1 << 25; // differs from natural order
export const PREEMPTED = 1 << 26; // switched away from a task that could go on
export const EARLY = 1 << 27; // a timer that fired while other work was enabled
export const CONTESTED = 1 << 28; // two or more operations were enabled
export const SITE = 1 << 29; // a point or an instrumented await
const INDEX = JOINED - 1;

const STRIDE = 5;

/**
 * What happened, step by step, in 20 bytes a step: task, label, the two happens-before edges (the step that
 * created the operation and the step that settled what it waited for), and the decision.
 */
export class Trace {
  length = 0;
  /** Virtual milliseconds that a step took before it ran; sparse. */
  readonly took = new Map<number, number>();
  /** A schedule's hash in two lanes: equal for equal sequences of tasks, labels and times taken. */
  hashA = 0;
  hashB = 0;
  #words = new Int32Array(STRIDE * 256);
  #frozen: { length: number; hashA: number; hashB: number } | undefined;

  /** Where the steps are kept. */
  get memory(): Int32Array {
    return this.#words;
  }

  clear(): void {
    this.length = 0;
    this.hashA = 0x811c9dc5 | 0;
    this.hashB = 0x9747b28c | 0;
    if (this.took.size > 0) this.took.clear();
    this.#frozen = undefined;
  }

  /** Steps pushed from now on belong to the clearing up after a failure; `thaw` takes them back. */
  freeze(): void {
    this.#frozen = { length: this.length, hashA: this.hashA, hashB: this.hashB };
  }

  thaw(): void {
    if (this.#frozen !== undefined) Object.assign(this, this.#frozen);
    this.#frozen = undefined;
  }

  push(task: number, label: number, created: number, settled: number, decision: number): void {
    let at = this.length * STRIDE;
    if (at === this.#words.length) this.#grow();
    const words = this.#words;
    words[at++] = task;
    words[at++] = label;
    words[at++] = created;
    words[at++] = settled;
    words[at] = decision;
    this.length++;
    const mixed = Math.imul(task, 0x9e3779b1) ^ Math.imul(label + 1, 0x85ebca6b) ^ (decision & JOINED);
    this.hashA = Math.imul(this.hashA ^ mixed, 0x01000193);
    this.hashB = Math.imul((this.hashB << 13) | (this.hashB >>> 19), 0x5bd1e995) ^ mixed;
  }

  /** The step that is pushed next takes virtual time before it runs. */
  take(ms: number): void {
    this.took.set(this.length, ms);
    const mixed = Math.imul(ms * 1024, 0xc2b2ae35);
    this.hashA = Math.imul(this.hashA ^ mixed, 0x01000193);
    this.hashB ^= mixed;
  }

  /** Every step that waited at a site, with its label; `straddled` if another task ran meanwhile. */
  eachSite(tell: (label: number, straddled: boolean) => void): void {
    const words = this.#words;
    for (let step = 1, at = STRIDE; step < this.length; step++, at += STRIDE) {
      // A task never overtakes itself: if the step is not the very next one, another task ran meanwhile.
      if ((words[at + 4]! & SITE) !== 0) tell(words[at + 1]!, step > words[at + 2]! + 1);
    }
  }

  taskAt(step: number): number {
    return this.#words[step * STRIDE]!;
  }
  labelAt(step: number): number {
    return this.#words[step * STRIDE + 1]!;
  }
  createdAt(step: number): number {
    return this.#words[step * STRIDE + 2]!;
  }
  settledAt(step: number): number {
    return this.#words[step * STRIDE + 3]!;
  }
  /** The index chosen among the enabled operations. */
  indexAt(step: number): number {
    return this.#words[step * STRIDE + 4]! & INDEX;
  }
  has(step: number, flag: number): boolean {
    return (this.#words[step * STRIDE + 4]! & flag) !== 0;
  }

  /** How many steps carry `flag`. */
  count(flag: number): number {
    let n = 0;
    for (let step = 0; step < this.length; step++) if (this.has(step, flag)) n++;
    return n;
  }

  /** How many points or awaits of this label were passed. */
  passed(label: number): number {
    let n = 0;
    for (let step = 1; step < this.length; step++) if (this.labelAt(step) === label && this.has(step, SITE)) n++;
    return n;
  }

  /** The first step in which the two differ, or −1. */
  firstDifference(other: Trace): number {
    const steps = Math.min(this.length, other.length);
    for (let i = 0; i < steps * STRIDE; i++) {
      if (this.#words[i] !== other.#words[i]) return Math.floor(i / STRIDE);
    }
    return this.length === other.length ? -1 : steps;
  }

  copyFrom(other: Trace): void {
    if (this.#words.length < other.length * STRIDE) this.#words = new Int32Array(other.#words.length);
    this.#words.set(other.#words.subarray(0, other.length * STRIDE));
    this.length = other.length;
    this.hashA = other.hashA;
    this.hashB = other.hashB;
    this.took.clear();
    for (const [step, ms] of other.took) this.took.set(step, ms);
  }

  #grow(): void {
    const wider = new Int32Array(this.#words.length * 2);
    wider.set(this.#words);
    this.#words = wider;
  }
}
