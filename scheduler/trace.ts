// Constants of this module: V8 takes an exported one for a variable.
const IS_JOINED = 1 << 24;
const IS_SITE = 1 << 29;

/** Bits of a step's decision word, above the 24 bits of the chosen index. */
export const JOINED = IS_JOINED; // settled before the drain of the step before
export const DEVIATED = 1 << 25; // differs from natural order
export const PREEMPTED = 1 << 26; // switched away from a task that could go on
export const EARLY = 1 << 27; // a timer that fired while other work was enabled
export const CONTESTED = 1 << 28; // two or more operations were enabled
export const SITE = IS_SITE; // a point or an instrumented await
const INDEX = IS_JOINED - 1;

const STRIDE = 5;
const SEED_A = 0x811c9dc5 | 0;
const SEED_B = 0x9747b28c | 0;

/** Of a site in one execution; what is straddled is reached. */
const REACHED = 1;
const STRADDLED = 3;

/**
 * What happened, step by step, in 20 bytes a step: task, label, the two happens-before edges (the step that
 * created the operation and the step that settled what it waited for), and the decision.
 */
export class Trace {
  length = 0;
  /** Virtual milliseconds that a step took before it ran; sparse. */
  readonly took = new Map<number, number>();
  /** The schedule's hash in two lanes, as `hash` has computed it. */
  hashA = 0;
  hashB = 0;
  #words = new Int32Array(STRIDE * 256);
  #frozen = -1;
  /** The hash of the steps so far, and of those before the freeze. */
  #a = SEED_A;
  #b = SEED_B;
  /** By label, REACHED or STRADDLED: the sites of the steps so far. */
  #sites = new Uint8Array(64);
  #mostSites = 0;
  #frozenA = 0;
  #frozenB = 0;

  /** Where the steps are kept. */
  get memory(): Int32Array {
    return this.#words;
  }

  clear(): void {
    this.length = 0;
    if (this.took.size > 0) this.took.clear();
    this.#frozen = -1;
    this.#a = SEED_A;
    this.#b = SEED_B;
    for (let label = 0; label < this.#mostSites; label++) this.#sites[label] = 0;
    this.#mostSites = 0;
  }

  /** Steps pushed from now on belong to the clearing up after a failure; `thaw` takes them back. */
  freeze(): void {
    this.#frozen = this.length;
    this.#frozenA = this.#a;
    this.#frozenB = this.#b;
  }

  thaw(): void {
    if (this.#frozen < 0) return;
    this.length = this.#frozen;
    this.#frozen = -1;
    this.#a = this.#frozenA;
    this.#b = this.#frozenB;
  }

  push(task: number, label: number, created: number, settled: number, decision: number): void {
    const { length } = this;
    // In whole numbers of 32 bits, as V8 has to be told.
    const at = Math.imul(length, STRIDE);
    if (at === this.#words.length) this.#grow();
    const words = this.#words;
    words[at] = task;
    words[(at + 1) | 0] = label;
    words[(at + 2) | 0] = created;
    words[(at + 3) | 0] = settled;
    words[(at + 4) | 0] = decision;
    if ((decision & IS_SITE) !== 0 && this.#frozen < 0) this.#visit(label, created);
    this.length = (length + 1) | 0;
    const mixed = Math.imul(task, 0x9e3779b1) ^ Math.imul(label + 1, 0x85ebca6b) ^ (decision & IS_JOINED);
    this.#a = Math.imul(this.#a ^ mixed, 0x01000193);
    this.#b = Math.imul((this.#b << 13) | (this.#b >>> 19), 0x5bd1e995) ^ mixed;
  }

  /** The step that is pushed next takes virtual time before it runs. */
  take(ms: number): void {
    this.took.set(this.length, ms);
  }

  /** Ends the hash: equal for equal sequences of tasks, labels and times taken. */
  hash(): void {
    let a = this.#a;
    let b = this.#b;
    if (this.took.size > 0) {
      for (const [step, ms] of this.took) {
        if (step >= this.length) break;
        const mixed = Math.imul(ms * 1024, 0xc2b2ae35) ^ Math.imul(step, 0x9e3779b1);
        a = Math.imul(a ^ mixed, 0x01000193);
        b = Math.imul((b << 13) | (b >>> 19), 0x5bd1e995) ^ mixed;
      }
    }
    this.hashA = a;
    this.hashB = b;
  }

  /** Every site at which a step waited, by label; `straddled` if another task ran during one of these waits. */
  eachSite(tell: (label: number, straddled: boolean) => void): void {
    const sites = this.#sites;
    for (let label = 0; label < this.#mostSites; label++) {
      const seen = sites[label]!;
      if (seen !== 0) tell(label, seen === STRADDLED);
    }
  }

  #visit(label: number, created: number): void {
    if (label >= this.#mostSites) {
      this.#mostSites = label + 1;
      if (label >= this.#sites.length) this.#widen(label);
    }
    // A task never overtakes itself: if the step is not the very next one, another task ran meanwhile.
    this.#sites[label]! |= this.length > created + 1 ? STRADDLED : REACHED;
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
    const words = this.#words;
    const others = other.#words;
    for (let i = 0, end = steps * STRIDE; i < end; i++) if (words[i] !== others[i]) return Math.floor(i / STRIDE);
    return this.length === other.length ? -1 : steps;
  }

  /** Takes over the steps and their times, and not what is told of them: neither hash nor sites. */
  copyFrom(other: Trace): void {
    if (this.#words.length < other.length * STRIDE) this.#words = new Int32Array(other.#words.length);
    const words = this.#words;
    const others = other.#words;
    for (let i = 0, end = other.length * STRIDE; i < end; i++) words[i] = others[i]!;
    this.length = other.length;
    if (this.took.size > 0) this.took.clear();
    if (other.took.size > 0) for (const [step, ms] of other.took) this.took.set(step, ms);
  }

  #widen(label: number): void {
    const wider = new Uint8Array(2 * label);
    wider.set(this.#sites);
    this.#sites = wider;
  }

  #grow(): void {
    const wider = new Int32Array(this.#words.length * 2);
    wider.set(this.#words);
    this.#words = wider;
  }
}
