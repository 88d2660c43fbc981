import { StraddleError } from '../../../scheduler/error.ts';
import { Cleanups } from '../cleanups.ts';
import type { Contract } from '../contract.ts';
import type { Server, ServerContext, ServerParts } from '../serve.ts';
import { Serving } from './serving.ts';

type Call = (...args: unknown[]) => unknown;

/** One server, from its bootstrap to its shutdown. */
export class Instance implements ServerContext {
  readonly #controller = new AbortController();
  readonly #cleanups = new Cleanups();
  readonly #workers = new Set<Promise<unknown>>();
  readonly #run: (name: string, body: () => unknown) => unknown;
  #parts: ServerParts<Contract> = {};
  #serving = new Serving(undefined);

  /** @param run runs a named worker. */
  constructor(run: (name: string, body: () => unknown) => unknown) {
    this.#run = run;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get serving(): Serving {
    return this.#serving;
  }

  get calls(): readonly string[] {
    return functionsOf(this.#parts.calls);
  }

  defer(name: string, undo: () => unknown): void {
    this.#cleanups.defer(name, undo);
  }

  spawn<Result>(name: string, body: () => Result): Promise<Awaited<Result>> {
    const worker = this.#run(name, async () => await body()) as Promise<Awaited<Result>>;
    this.#workers.add(worker);
    const settled = (): void => void this.#workers.delete(worker);
    worker.then(settled, settled);
    // A promise of its own: its failure is the caller's to handle.
    return worker.then((result) => result);
  }

  /** Sets the server up and starts its loop. On failure everything acquired so far is given back. */
  async start({ setup }: Server<Contract>, config: unknown): Promise<void> {
    try {
      this.#parts = (await setup(config as never, this)) ?? {};
      const { start } = this.#parts;
      this.#serving = new Serving(start?.bind(this.#parts));
      if (start !== undefined) await this.#serving.resume();
    } catch (error) {
      await this.close().catch(() => undefined);
      throw error;
    }
  }

  state(): unknown {
    if (this.#parts.state !== undefined) return this.#parts.state();
    throw new StraddleError('remote-unsupported', 'this server has no snapshot: it has no `state`.');
  }

  invoke(name: string, args: readonly unknown[]): unknown {
    const calls = this.#parts.calls as Record<string, unknown> | undefined;
    const call = this.calls.includes(name) ? calls?.[name] : undefined;
    if (typeof call === 'function') return (call as Call).apply(calls, [...args]);
    throw new StraddleError('remote-unsupported', `this server has no call '${name}'.`);
  }

  /** Ends the server: signal, serve loop, workers, then what was deferred, last first. */
  close(): Promise<void> {
    if (!this.signal.aborted) {
      this.#controller.abort(new StraddleError('shutdown', 'the server was shut down.'));
      this.#cleanups.defer('workers', () => Promise.allSettled([...this.#workers]));
      this.#cleanups.defer('serve loop', () => this.#serving.close());
    }
    return this.#cleanups.run();
  }
}

/** The names of the functions of an object, those of its class included. */
function functionsOf(object: object | undefined): readonly string[] {
  const names = new Set<string>();
  for (let at = object; at !== undefined && at !== Object.prototype; at = Object.getPrototypeOf(at) ?? undefined) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (name !== 'constructor' && typeof (object as Record<string, unknown>)[name] === 'function') names.add(name);
    }
  }
  return [...names];
}
