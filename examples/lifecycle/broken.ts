import { Mutex } from 'async-mutex';
import { point } from '../../scheduler/point.ts';
import type { WorkLifecycle } from './lifecycle.ts';
import { Works } from './works.ts';

/** Broken: looks at `closed` before it takes the lock, so a shutdown fits between check and registration. */
export class CheckOutsideLock implements WorkLifecycle {
  readonly #mutex = new Mutex();
  readonly #works: Works;
  #closed = false;

  constructor(works: Works = new Works()) {
    this.#works = works;
  }

  async add(work: () => Promise<void>): Promise<boolean> {
    await point('add:enter');
    if (this.#closed) {
      await point('add:noop');
      return false;
    }
    await point('add:checked');
    await this.#mutex.runExclusive(() => this.#works.register());
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

/** Broken: closes without the lock, in the middle of somebody's critical section. */
export class CloseOutsideLock implements WorkLifecycle {
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
    this.#closed = true;
    await point('shutdown:closed');
    await this.#works.drained();
    await point('shutdown:waited');
  }
}

/** Broken: waits for the work first and closes afterwards, so work is accepted in between. */
export class WaitBeforeClose implements WorkLifecycle {
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
    await this.#works.drained();
    await point('shutdown:waited');
    await this.#mutex.runExclusive(() => {
      this.#closed = true;
    });
    await point('shutdown:closed');
  }
}
