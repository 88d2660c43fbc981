/** Pieces of work in progress: starts them, and tells when none is left. */
export class Works {
  #running = 0;
  #waiting: (() => void)[] = [];

  /** Registered pieces of work that have not ended. */
  get running(): number {
    return this.#running;
  }

  /** Registers one piece of work. */
  register(): void {
    this.#running++;
  }

  /** Runs a registered piece of work to its end, whatever comes of it. */
  async run(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } finally {
      this.#running--;
      if (this.#running === 0) for (const resume of this.#waiting.splice(0)) resume();
    }
  }

  /** Resolves when no registered work is left. */
  async drained(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
