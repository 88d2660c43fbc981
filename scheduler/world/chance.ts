import seedrandom from 'seedrandom';

/** The least seed-creation cost of seedrandom's generators; statistically sound for sampling. */
const { tychei } = seedrandom;

/** A generator of uniform numbers in [0, 1) from a seed. */
export function generator(seed: string): () => number {
  return tychei(seed);
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
