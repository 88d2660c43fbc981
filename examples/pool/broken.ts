import { point } from '../../scheduler/point.ts';
import type { Connection, Pool } from './pool.ts';

/** Broken: counts a connection once it is open, so whoever comes meanwhile opens another one. */
export class CountedLate implements Pool {
  readonly #most: number;
  readonly #open: () => Promise<Connection>;
  readonly #idle: Connection[] = [];
  readonly #waiting: ((connection: Connection) => void)[] = [];
  #count = 0;

  constructor(most: number, open: () => Promise<Connection>) {
    this.#most = most;
    this.#open = open;
  }

  async acquire(): Promise<Connection> {
    await point('acquire');
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#count === this.#most) return new Promise((resolve) => this.#waiting.push(resolve));
    const connection = await this.#open();
    this.#count++;
    return connection;
  }

  release(connection: Connection): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(connection);
    else next(connection);
  }
}

/** Broken: a waiter looks again when it is woken, and another client may have been quicker; then nobody wakes it. */
export class WokenOnce implements Pool {
  readonly #most: number;
  readonly #open: () => Promise<Connection>;
  readonly #idle: Connection[] = [];
  readonly #waiting: (() => void)[] = [];
  #count = 0;

  constructor(most: number, open: () => Promise<Connection>) {
    this.#most = most;
    this.#open = open;
  }

  async acquire(): Promise<Connection> {
    await point('acquire');
    if (this.#idle.length === 0 && this.#count === this.#most) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      await point('woken');
    }
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    this.#count++;
    return this.#open();
  }

  release(connection: Connection): void {
    this.#idle.push(connection);
    this.#waiting.shift()?.();
  }
}
