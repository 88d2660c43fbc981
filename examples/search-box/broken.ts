import type { SearchBox, Surroundings } from './search-box.ts';

/** Broken: shows each answer when it comes, and a slow one comes after a later one. */
export class LastAnswerWins implements SearchBox {
  readonly #around: Surroundings;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  type(text: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(text), this.#around.pause);
  }

  async #ask(text: string): Promise<void> {
    this.#around.show(await this.#around.search(text));
  }
}

/** Broken: counts questions when they are asked, so an answer still passes while the next text is being typed. */
export class CountedWhenAsked implements SearchBox {
  readonly #around: Surroundings;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #latest = 0;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  type(text: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(text), this.#around.pause);
  }

  async #ask(text: string): Promise<void> {
    const question = ++this.#latest;
    const found = await this.#around.search(text);
    if (question === this.#latest) this.#around.show(found);
  }
}
