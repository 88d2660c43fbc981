import { Mutex } from 'async-mutex';
import { point } from '../../scheduler/point.ts';
import { Works } from './works.ts';

/** A component that accepts work until it is shut down, and whose shutdown waits for what it accepted. */
export interface WorkLifecycle {
  /** Starts `work` and resolves to true, or to false once the component is closed. */
  add(work: () => Promise<void>): Promise<boolean>;
  /** Closes, then waits for all accepted work. Calling it again waits too. */
  shutdown(): Promise<void>;
}

/** Fixed: check and registration are one critical section, so nothing is registered after `closed`. */
export class Lifecycle implements WorkLifecycle {
  readonly #mutex = new Mutex();
  readonly #works: Works;
  #closed = false;

  constructor(works: Works = new Works()) {
    this.#works = works;
  }

  async add(work: () => Promise<void>): Promise<boolean> {
    await point('add:enter');
    const accepted = await this.#mutex.runExclusive(async () => {
      if (this.#closed) return false;
      await point('add:checked');
      this.#works.register();
      return true;
    });
    if (!accepted) {
      await point('add:noop');
      return false;
    }
    await point('add:registered');
    void this.#works.run(work);
    return true;
  }

  async shutdown(): Promise<void> {
    await point('shutdown:enter');
    await this.#mutex.runExclusive(() => {
      this.#closed = true;
    });
    await point('shutdown:closed');
    await this.#works.drained();
    await point('shutdown:waited');
  }
}
