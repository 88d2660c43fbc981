import seedrandom from 'seedrandom';

/** The least seed-creation cost of seedrandom's generators; statistically sound for sampling. */
const { tychei } = seedrandom;

/** A generator of uniform numbers in [0, 1) from a seed. */
export function generator(seed: string): () => number {
  return tychei(seed);
}

/**
 * The numbers of `generator(`${seed} ${number}`)` for one number after the other. To make a generator takes as long as
 * two steps of an execution, and each execution needs one: here the same one, Tyche-i (Neves and Araujo, PPAM 2011),
 * starts anew.
 */
export class NumberedChance {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;
  /** Where it stands when the seed has been mixed in. */
  readonly #seeded: readonly [number, number, number, number];

  constructor(seed: number) {
    this.#c = 0x9e3779b9 | 0;
    this.#d = 0x517cc1b7;
    this.#mix(`${seed} `);
    this.#seeded = [this.#a, this.#b, this.#c, this.#d];
  }

  begin(number: number): void {
    [this.#a, this.#b, this.#c, this.#d] = this.#seeded;
    this.#mix(String(number));
    for (let i = 0; i < 20; i++) this.#turn();
  }

  /** Uniform in [0, 1). */
  readonly next = (): number => (this.#turn() >>> 0) / 2 ** 32;

  #mix(text: string): void {
    for (let i = 0; i < text.length; i++) {
      this.#b ^= text.charCodeAt(i);
      this.#turn();
    }
  }

  #turn(): number {
    let b = (this.#b << 25) ^ (this.#b >>> 7) ^ this.#c;
    const c = (this.#c - this.#d) | 0;
    const d = (this.#d << 24) ^ (this.#d >>> 8) ^ this.#a;
    const a = (this.#a - b) | 0;
    b = (b << 20) ^ (b >>> 12) ^ c;
    this.#b = b;
    this.#c = (c - d) | 0;
    this.#d = (d << 16) ^ (this.#c >>> 16) ^ a;
    return (this.#a = (a - b) | 0);
  }
}

/** The numbers of one execution, created when first asked for. */
export class Chance {
  #seed = 0;
  #next: (() => number) | undefined;

  reset(seed: number): void {
    this.#seed = seed;
    this.#next = undefined;
  }

  /** Somebody asked for one in this execution. */
  get used(): boolean {
    return this.#next !== undefined;
  }

  readonly next = (): number => (this.#next ??= generator(String(this.#seed)))();
}
