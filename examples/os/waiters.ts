/** Those who wait for something to change. Waking is no promise that it has: look again. */
export class Waiters {
  readonly #waiting: (() => void)[] = [];

  add(wake: () => void): void {
    this.#waiting.push(wake);
  }

  wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
