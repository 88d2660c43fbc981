import { AsyncLocalStorage } from 'node:async_hooks';
import { encode } from '../codec.ts';
import type { Connection, Handler } from '../connection.ts';
import { STEER, type Reached, type WorkerId } from '../steering.ts';
import { Idle } from './idle.ts';

interface Worker {
  readonly id: WorkerId;
  /** The execution on whose behalf it runs. */
  readonly execution: number;
}

/**
 * Lets the parent's exploration decide who goes on next. Workers of an execution that is over, and those that run on
 * nobody's behalf, pass every point.
 */
export class Pilot {
  readonly #workers = new AsyncLocalStorage<Worker>();
  readonly #parked = new Map<number, () => void>();
  readonly idle = new Idle(() => this.#settled());
  readonly #onChange: () => void;
  #connection: Connection | undefined;
  #reached: Reached[] = [];
  /** The number of the execution that steers; 0: none does. */
  #execution = 0;
  #executions = 0;
  #seen = 0;
  #arrivals = 0;
  #watched = false;

  /** @param onChange called when steering begins or ends. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get steers(): boolean {
    return this.#execution > 0;
  }

  attach(connection: Connection): void {
    this.#connection = connection;
    connection.hear(STEER.begin, (watched: boolean) => {
      this.#end();
      this.#execution = ++this.#executions;
      this.#watched = watched;
      this.#seen = 0;
      this.#reached = [];
      this.#onChange();
      this.idle.watch();
    });
    connection.hear(STEER.go, (id: number) => {
      this.#count();
      const go = this.#parked.get(id);
      this.#parked.delete(id);
      go?.();
    });
    connection.hear(STEER.end, () => {
      this.#end();
      this.idle.stop();
      this.#workers.disable();
      this.#onChange();
    });
  }

  /** The handler, run as a worker of its own while an execution steers. */
  steered(handler: Handler): Handler {
    return (args, cancelled) => {
      if (!this.steers) return handler(args, cancelled);
      this.#count();
      return this.run(this.#seen, () => handler(args, cancelled));
    };
  }

  run<Result>(id: WorkerId, body: () => Result): Result {
    return this.steers ? this.#workers.run({ id, execution: this.#execution }, body) : body();
  }

  /** Runs something that no execution steers: it passes every point. */
  aside<Result>(body: () => Result): Result {
    return this.steers ? this.#workers.exit(body) : body();
  }

  /** Keeps whoever has reached the point; undefined if he may pass. */
  park(name: string, key: unknown): Promise<void> | undefined {
    const worker = this.steers ? this.#workers.getStore() : undefined;
    if (worker?.execution !== this.#execution) return undefined;
    const id = ++this.#arrivals;
    const { stack } = this.#watched ? new Error() : {};
    this.#reached.push({ id, name, key: encode(key), worker: worker.id, ...(stack === undefined ? {} : { stack }) });
    return new Promise((resolve) => this.#parked.set(id, resolve));
  }

  #count(): void {
    this.#seen++;
    this.idle.stir();
  }

  #settled(): void {
    const reached = this.#reached;
    this.#reached = [];
    this.#connection!.tell(STEER.settled, this.#seen, reached);
  }

  /** Nobody stays parked for an execution that is over. */
  #end(): void {
    this.#execution = 0;
    const parked = [...this.#parked.values()];
    this.#parked.clear();
    for (const go of parked) go();
  }
}
