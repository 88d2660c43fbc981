/**
 * What an execution has asked of the test runner that it runs in: a module to be loaded, a snapshot. The answer
 * comes over a channel that the engine does not see, and the next choice waits for it.
 */
export class HostWatch {
  /** An execution is under way, perhaps while the host has its turn. */
  isRunning = false;
  readonly #calls = new Set<object>();

  /** Before an execution. */
  begin(): void {
    this.isRunning = true;
    this.#calls.clear();
  }

  /** After an execution. */
  end(): void {
    this.isRunning = false;
  }

  asked(answer: Promise<unknown>): void {
    const calls = this.#calls;
    calls.add(answer);
    const answered = (): void => void calls.delete(answer);
    answer.then(answered, answered);
  }

  /** An answer is outstanding. */
  get isAsking(): boolean {
    return this.#calls.size > 0;
  }
}
