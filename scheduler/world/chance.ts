import seedrandom from 'seedrandom';

/** The least seed-creation cost of seedrandom's generators; statistically sound for sampling. */
const { tychei } = seedrandom;

/** A generator of uniform numbers in [0, 1) from a seed. */
export function generator(seed: string): () => number {
  return tychei(seed);
}

type State = [number, number, number, number];

/** The character code of the first digit. */
const DIGIT_0 = 48;
/** Turns after the last digit. */
const WARM_UP = 20;

/**
 * The numbers of `generator(`${seed} ${number}`)` for one number after the other. To make a generator takes as long as
 * two steps of an execution, and each execution needs one: here the same one, Tyche-i (Neves and Araujo, PPAM 2011),
 * starts anew.
 */
export class NumberedChance {
  #a = 0;
  #b = 0;
  #c = 0x9e3779b9 | 0;
  #d = 0x517cc1b7;
  /** Where it stands when the seed has been mixed in, and when all digits but the last one have. */
  readonly #seeded: State = [0, 0, 0, 0];
  readonly #tens: State = [0, 0, 0, 0];
  /** The number without its last digit. */
  #ten = 0;

  constructor(seed: number) {
    this.#mix(`${seed} `);
    this.#keep(this.#seeded);
    this.#keep(this.#tens);
  }

  begin(number: number): void {
    const ten = Math.floor(number / 10);
    if (ten !== this.#ten) this.#beginTen(ten);
    this.#goBack(this.#tens);
    this.#b ^= DIGIT_0 + (number - 10 * ten);
    this.#turn(1 + WARM_UP);
  }

  /** Uniform in [0, 1). */
  readonly next = (): number => (this.#turn(1) >>> 0) / 2 ** 32;

  #beginTen(ten: number): void {
    this.#ten = ten;
    this.#goBack(this.#seeded);
    if (ten > 0) this.#mix(String(ten));
    this.#keep(this.#tens);
  }

  #mix(text: string): void {
    for (let i = 0; i < text.length; i++) {
      this.#b ^= text.charCodeAt(i);
      this.#turn(1);
    }
  }

  #keep(state: State): void {
    state[0] = this.#a;
    state[1] = this.#b;
    state[2] = this.#c;
    state[3] = this.#d;
  }

  #goBack(state: State): void {
    this.#a = state[0];
    this.#b = state[1];
    this.#c = state[2];
    this.#d = state[3];
  }

  #turn(times: number): number {
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let d = this.#d;
    for (let i = 0; i < times; i++) {
      b = (b << 25) ^ (b >>> 7) ^ c;
      c = (c - d) | 0;
      d = (d << 24) ^ (d >>> 8) ^ a;
      a = (a - b) | 0;
      b = (b << 20) ^ (b >>> 12) ^ c;
      c = (c - d) | 0;
      d = (d << 16) ^ (c >>> 16) ^ a;
      a = (a - b) | 0;
    }
    this.#b = b;
    this.#c = c;
    this.#d = d;
    return (this.#a = a);
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
