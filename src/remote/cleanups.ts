interface Cleanup {
  readonly name: string;
  readonly undo: () => unknown;
}

/**
 * What has been acquired and must be given back, in reverse order. Each cleanup is registered at the moment of its
 * acquisition, runs once, and runs even if another one fails.
 */
export class Cleanups {
  readonly #left: Cleanup[] = [];
  #running: Promise<void> | undefined;

  /** Registers how to give back what has just been acquired. After `run` has begun it is given back at once. */
  defer(name: string, undo: () => unknown): void {
    this.#left.push({ name, undo });
  }

  /** Gives everything back. Rejects, when all is done, with what failed. A second call waits for the first. */
  run(): Promise<void> {
    return (this.#running ??= this.#runAll());
  }

  async #runAll(): Promise<void> {
    const failed: Error[] = [];
    for (let next = this.#left.pop(); next !== undefined; next = this.#left.pop()) {
      try {
        await next.undo();
      } catch (cause) {
        failed.push(cause instanceof Error ? cause : new Error(`cleanup of ${next.name} failed`, { cause }));
      }
    }
    if (failed.length > 1) throw new AggregateError(failed, failed.map(({ message }) => message).join('; '));
    if (failed.length === 1) throw failed[0]!;
  }
}
