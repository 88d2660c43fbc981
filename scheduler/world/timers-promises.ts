import { promiseThen } from '../promises.ts';
import type { VirtualImmediate, VirtualTimeout, VirtualTimers } from './timers.ts';

interface Options {
  readonly signal?: AbortSignal;
  readonly ref?: boolean;
}

/** The host's own functions, for its errors about wrong arguments. */
export interface HostPromisedTimers {
  readonly setTimeout: (after: never, value: unknown, options: never) => Promise<unknown>;
  readonly setImmediate: (value: unknown, options: never) => Promise<unknown>;
  readonly setInterval: (after: never, value: unknown, options: never) => AsyncIterable<unknown>;
}

const promiseFinally = Promise.prototype.finally;

/** `node:timers/promises` on virtual timers. */
export class PromisedTimers {
  readonly #timers: VirtualTimers;
  readonly #real: HostPromisedTimers;

  constructor(timers: VirtualTimers, real: HostPromisedTimers) {
    this.#timers = timers;
    this.#real = real;
  }

  readonly setTimeout = (after?: unknown, value?: unknown, options?: unknown): Promise<unknown> => {
    if (areWrong(after, options)) return this.#real.setTimeout(after as never, value, options as never);
    return waitFor(value, options as Options | undefined, (done) => {
      const timer = this.#timers.setTimeout(done, after) as VirtualTimeout;
      return { timer, cancel: () => timer.close() };
    });
  };

  readonly setImmediate = (value?: unknown, options?: unknown): Promise<unknown> => {
    if (areWrong(undefined, options)) return this.#real.setImmediate(value, options as never);
    return waitFor(value, options as Options | undefined, (done) => {
      const timer = this.#timers.setImmediate(done) as VirtualImmediate;
      return { timer, cancel: () => timer.close() };
    });
  };

  /** Yields `value` once for every period that has passed, also if several have while nobody asked. */
  readonly setInterval = (after?: unknown, value?: unknown, options?: unknown): AsyncGenerator<unknown, void, void> =>
    this.#ticks(after, value, options);

  async *#ticks(after: unknown, value: unknown, options: unknown): AsyncGenerator<unknown, void, void> {
    if (areWrong(after, options)) yield* this.#real.setInterval(after as never, value, options as never);
    const { signal, ref = true } = (options ?? {}) as Options;
    if (signal?.aborted === true) throw abortError(signal);
    let passed = 0;
    let wake: ((aborted?: Promise<never>) => void) | undefined;
    const timer = this.#timers.setInterval(() => {
      passed++;
      wake?.();
      wake = undefined;
    }, after) as VirtualTimeout;
    if (!ref) timer.unref();
    const cancel = (): void => {
      timer.close();
      if (signal !== undefined) wake?.(Promise.reject(abortError(signal)));
      wake = undefined;
    };
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      for (;;) {
        if (signal?.aborted) throw abortError(signal);
        if (passed === 0) await new Promise<void>((resolve) => (wake = resolve));
        for (; passed > 0; passed--) yield value;
      }
    } finally {
      timer.close();
      signal?.removeEventListener('abort', cancel);
    }
  }

  readonly wait = (after?: unknown, options?: unknown): Promise<unknown> => this.setTimeout(after, undefined, options);

  readonly yield = (): Promise<unknown> => this.setImmediate();
}

interface Armed {
  readonly timer: { unref(): unknown };
  readonly cancel: () => void;
}

function waitFor(value: unknown, options: Options | undefined, arm: (done: () => void) => Armed): Promise<unknown> {
  const { signal, ref = true } = options ?? {};
  if (signal?.aborted === true) return Promise.reject(abortError(signal));
  let abort: (() => void) | undefined;
  const promise = new Promise((resolve, reject) => {
    const { timer, cancel } = arm(() => resolve(value));
    if (!ref) timer.unref();
    if (signal === undefined) return;
    abort = (): void => {
      cancel();
      reject(abortError(signal));
    };
    signal.addEventListener('abort', abort, { once: true });
  });
  return abort === undefined ? promise : settledLate(promise, () => signal!.removeEventListener('abort', abort!));
}

/** As many microtasks after `promise` as Node takes to clean up; what else is ready then goes first. */
function settledLate(promise: Promise<unknown>, clean: () => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const inner = new Promise((done, failed) => void promiseThen.call(promise, done, failed));
    void promiseThen.call(promiseFinally.call(inner, clean), resolve, reject);
  });
}

function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  return Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' });
}

/** Arguments that Node refuses. */
function areWrong(after: unknown, options: unknown): boolean {
  if (after !== undefined && typeof after !== 'number') return true;
  if (options === undefined) return false;
  if (typeof options !== 'object' || options === null) return true;
  const { signal, ref } = options as { signal?: unknown; ref?: unknown };
  if (signal !== undefined && !(typeof signal === 'object' && signal !== null && 'aborted' in signal)) return true;
  return ref !== undefined && typeof ref !== 'boolean';
}
