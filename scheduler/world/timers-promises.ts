import type { VirtualImmediate, VirtualTimeout, VirtualTimers } from './timers.ts';

interface Options {
  readonly signal?: AbortSignal;
  readonly ref?: boolean;
}

/** `node:timers/promises` on virtual timers, with Node's checks of arguments and Node's errors. */
export class PromisedTimers {
  readonly #timers: VirtualTimers;

  constructor(timers: VirtualTimers) {
    this.#timers = timers;
  }

  readonly setTimeout = (after?: unknown, value?: unknown, options?: unknown): Promise<unknown> => {
    const wrong = wrongDelay(after) ?? wrongOptions(options);
    if (wrong !== undefined) return Promise.reject(wrong);
    return waitFor(value, options as Options | undefined, (done) => {
      const timer = this.#timers.setTimeout(done, after) as VirtualTimeout;
      return { timer, cancel: () => timer.close() };
    });
  };

  readonly setImmediate = (value?: unknown, options?: unknown): Promise<unknown> => {
    const wrong = wrongOptions(options);
    if (wrong !== undefined) return Promise.reject(wrong);
    return waitFor(value, options as Options | undefined, (done) => {
      const timer = this.#timers.setImmediate(done) as VirtualImmediate;
      return { timer, cancel: () => timer.close() };
    });
  };

  /** Yields `value` once for every period that has passed, also if several have while nobody asked. */
  readonly setInterval = (after?: unknown, value?: unknown, options?: unknown): AsyncGenerator<unknown, void, void> =>
    this.#ticks(after, value, options);

  async *#ticks(after: unknown, value: unknown, options: unknown): AsyncGenerator<unknown, void, void> {
    const wrong = wrongDelay(after) ?? wrongOptions(options);
    if (wrong !== undefined) throw wrong;
    const { signal, ref = true } = (options ?? {}) as Options;
    if (signal?.aborted === true) throw abortError(signal);
    let passed = 0;
    let wake: (() => void) | undefined;
    const timer = this.#timers.setInterval(() => {
      passed++;
      wake?.();
    }, after) as VirtualTimeout;
    if (!ref) timer.unref();
    const cancel = (): void => {
      timer.close();
      wake?.();
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
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      cancel();
      reject(abortError(signal!));
    };
    const { timer, cancel } = arm(() => {
      signal?.removeEventListener('abort', abort);
      resolve(value);
    });
    if (!ref) timer.unref();
    signal?.addEventListener('abort', abort, { once: true });
  });
}

function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  return Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' });
}

function wrongDelay(after: unknown): TypeError | undefined {
  return after === undefined || typeof after === 'number' ? undefined : wrongType('delay', 'of type number', after);
}

function wrongOptions(options: unknown): TypeError | undefined {
  if (options === undefined) return undefined;
  if (typeof options !== 'object' || options === null) return wrongType('options', 'of type object', options);
  const { signal, ref } = options as { signal?: unknown; ref?: unknown };
  if (signal !== undefined && !(typeof signal === 'object' && signal !== null && 'aborted' in signal)) {
    return wrongType('options.signal', 'an instance of AbortSignal', signal);
  }
  return ref === undefined || typeof ref === 'boolean' ? undefined : wrongType('options.ref', 'of type boolean', ref);
}

function wrongType(name: string, expected: string, value: unknown): TypeError {
  const what = name.includes('.') ? 'property' : 'argument';
  const error = new TypeError(`The "${name}" ${what} must be ${expected}. Received ${describe(value)}`);
  return Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' });
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? 'an object' : `type ${typeof value} (${String(value)})`;
}
