/**
 * Takes back, execution by execution, who listens to a test's signal: Vitest 3 and 4 listen anew in every one and
 * never leave, and each listener makes the next one dearer.
 */
export class Listeners {
  readonly #signal: AbortSignal;
  #added: Parameters<AbortSignal['addEventListener']>[] = [];

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    const listen = signal.addEventListener.bind(signal) as (...args: unknown[]) => void;
    Object.defineProperty(signal, 'addEventListener', {
      configurable: true,
      writable: true,
      value: (...args: Parameters<AbortSignal['addEventListener']>) => {
        this.#added.push(args);
        listen(...args);
      },
    });
  }

  /** After an execution. */
  remove(): void {
    for (const [type, listener, options] of this.#added) this.#signal.removeEventListener(type, listener, options);
    this.#added.length = 0;
  }
}
