import { point } from '../../scheduler/point.ts';

/** A connection, as far as a pool cares. */
export interface Connection {
  readonly id: number;
}

/** Lends out at most `most` connections, which it opens when they are first needed. */
export interface Pool {
  acquire(): Promise<Connection>;
  release(connection: Connection): void;
}

/** Counts a connection before it is open, and hands a released one to whoever has waited longest. */
export class ConnectionPool implements Pool {
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
    this.#count++;
    return this.#open();
  }

  release(connection: Connection): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(connection);
    else next(connection);
  }
}
