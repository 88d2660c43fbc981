import seedrandom from 'seedrandom';

/** The least seed-creation cost of seedrandom's generators; statistically sound for sampling. */
const { tychei } = seedrandom;

/** A generator of uniform numbers in [0, 1) from a seed. */
export function generator(seed: string): () => number {
  const prng = tychei(seed);
  return () => prng();
}

/** The numbers of one execution, created when first asked for. */
export class Chance {
  #seed = '';
  #next: (() => number) | undefined;

  reset(seed: number): void {
    this.#seed = String(seed);
    this.#next = undefined;
  }

  readonly next = (): number => (this.#next ??= generator(this.#seed))();
}
