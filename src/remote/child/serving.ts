import { StraddleError } from '../../../scheduler/error.ts';
import type { Loop } from '../serve.ts';

/**
 * The serve loop of a server: at most one at a time, each stopped once. Everything that takes time happens outside of
 * the state changes, which are synchronous; so a loop that is slow to drain keeps nobody else from being served.
 */
export class Serving {
  readonly #start: (() => Loop | Promise<Loop>) | undefined;
  /** The loop that runs or starts, until somebody takes it to stop it. */
  #running: Promise<Loop> | undefined;
  /** The stop that is under way. Who resumes waits for it: two loops never overlap. */
  #stopping: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(start: (() => Loop | Promise<Loop>) | undefined) {
    this.#start = start;
  }

  /** Starts the loop unless it runs or starts already. Rejects with what its start throws; then none runs. */
  async resume(): Promise<void> {
    const start = this.#demand('resumed');
    if (this.#closed) throw new StraddleError('shutdown', 'the server was shut down.');
    if (this.#running === undefined) {
      const running = this.#stopping.then(start);
      this.#running = running;
      // Whoever waits until it is ready is told that it never will be.
      running.then(({ ready }) => ready?.catch(() => undefined)).catch(() => undefined);
      running.catch(() => {
        if (this.#running === running) this.#running = undefined;
      });
    }
    await this.#running;
  }

  /** Resolves when the loop serves; at once if there is none. */
  async ready(): Promise<void> {
    await (
      await this.#running
    )?.ready;
  }

  /** Stops the loop and waits until it has drained. While it is paused this does nothing but wait for that. */
  async pause(): Promise<void> {
    this.#demand('paused');
    await this.#stop();
  }

  /** Stops for good. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#stop();
  }

  #stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return this.#stopping;
    const stopped = running.then(
      async (loop) => void (await loop.stop()),
      // A loop that never started has nothing to stop; whoever started it was told.
      () => undefined,
    );
    // Its failure belongs to who stopped it; the next start only waits for its end.
    this.#stopping = stopped.catch(() => undefined);
    return stopped;
  }

  #demand(what: string): () => Loop | Promise<Loop> {
    if (this.#start !== undefined) return this.#start;
    throw new StraddleError('remote-unsupported', `this server cannot be ${what}: it has no \`start\`.`);
  }
}
