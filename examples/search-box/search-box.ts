/** Shows what the server finds for the text that was typed, once the typing pauses. */
export interface SearchBox {
  type(text: string): void;
}

/** What a search box needs. */
export interface Surroundings {
  readonly search: (text: string) => Promise<string[]>;
  readonly show: (found: string[]) => void;
  /** Milliseconds without a key before a search begins. */
  readonly pause: number;
}

/** Drops the answer to a question that is not the latest any more. */
export class LatestOnly implements SearchBox {
  readonly #around: Surroundings;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #latest = 0;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  type(text: string): void {
    const { pause } = this.#around;
    const question = ++this.#latest;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(text, question), pause);
  }

  async #ask(text: string, question: number): Promise<void> {
    const found = await this.#around.search(text);
    if (question === this.#latest) this.#around.show(found);
  }
}
