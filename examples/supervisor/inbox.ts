/** Events for one owner, who takes them one after another. */
export class Inbox<T> {
  readonly #events: T[] = [];
  #wake: (() => void) | undefined;

  post(event: T): void {
    this.#events.push(event);
    this.#wake?.();
  }

  async next(): Promise<T> {
    while (this.#events.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#events.shift()!;
  }
}
