import type { AnyFunction } from './dispatch.ts';
import { originals } from './originals.ts';
import type { OutsideWork } from './outside.ts';
import { OWN } from './request.ts';

/** Node's client is loaded, and has compiled its parser. */
let isLoaded = false;

/** In the host's turn: what Node loads when `fetch` is first used must be the same in all executions. */
async function load(): Promise<void> {
  const compiling: Promise<unknown>[] = [];
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { compile: (bytes: unknown) => Promise<unknown> } };
  const { compile } = WebAssembly;
  WebAssembly.compile = (bytes) => {
    const compiled = compile(bytes);
    compiling.push(compiled);
    return compiled;
  };
  try {
    // Any of its classes loads all of it.
    void globalThis.Headers;
  } finally {
    WebAssembly.compile = compile;
  }
  await Promise.allSettled(compiling);
  isLoaded = true;
}

type Pools = Record<symbol, object | undefined>;

/** `fetch` of code under test: its start is an operation, and its connections are the execution's own. */
export class Fetching {
  readonly #work: OutsideWork;
  #pools: { readonly key: symbol; readonly hosts: object } | undefined;

  constructor(work: OutsideWork) {
    this.#work = work;
  }

  fetch(original: AnyFunction): AnyFunction {
    return (...args) => {
      const request = this.#work.request('fetch', this.#work.nextOrder(), undefined, OWN);
      const started = new Promise<void>((resolve) => {
        const start = (): void => {
          this.#takePools();
          resolve();
        };
        if (isLoaded) request.answer(start);
        else originals.setImmediate(() => void load().then(() => request.answer(start)));
      });
      return started.then(() => original.apply(globalThis, args));
    };
  }

  /** Connections that the host, or an execution before, has kept are not this one's. */
  #takePools(): void {
    if (this.#pools !== undefined) return;
    const global = globalThis as unknown as Pools;
    const key = Object.getOwnPropertySymbols(global).find((one) =>
      one.description?.startsWith('undici.globalDispatcher'),
    );
    const hosts = key === undefined ? undefined : global[key];
    // Somebody's own dispatcher stays.
    if (key === undefined || hosts?.constructor.name !== 'Agent') return;
    this.#pools = { key, hosts };
    global[key] = new (hosts.constructor as new () => object)();
  }

  /** After an execution. */
  clean(): void {
    if (this.#pools === undefined) return;
    (globalThis as unknown as Pools)[this.#pools.key] = this.#pools.hosts;
    this.#pools = undefined;
  }
}
