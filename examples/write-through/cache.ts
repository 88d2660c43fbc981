import { Mutex } from 'async-mutex';
import { point } from '../../scheduler/point.ts';

/** Where the values are really kept. */
export class Database {
  readonly #rows = new Map<string, number>();

  async read(key: string): Promise<number | undefined> {
    const value = this.#rows.get(key);
    await point('db:read', key);
    return value;
  }

  async write(key: string, value: number): Promise<void> {
    await point('db:write', key);
    this.#rows.set(key, value);
    await point('db:written', key);
  }
}

/** Keeps what was read and written, so that a second read costs nothing; a write goes through to the database. */
export interface Cache {
  read(key: string): Promise<number | undefined>;
  write(key: string, value: number): Promise<void>;
}

/** A miss and a write of the same key exclude each other; a hit waits for nobody. */
export class WriteThrough implements Cache {
  readonly #database: Database;
  readonly #kept = new Map<string, number | undefined>();
  readonly #locks = new Map<string, Mutex>();

  constructor(database: Database) {
    this.#database = database;
  }

  async read(key: string): Promise<number | undefined> {
    if (this.#kept.has(key)) return this.#kept.get(key);
    return this.#lock(key).runExclusive(async () => {
      if (!this.#kept.has(key)) this.#kept.set(key, await this.#database.read(key));
      return this.#kept.get(key);
    });
  }

  async write(key: string, value: number): Promise<void> {
    await this.#lock(key).runExclusive(async () => {
      await this.#database.write(key, value);
      this.#kept.set(key, value);
    });
  }

  #lock(key: string): Mutex {
    let lock = this.#locks.get(key);
    if (lock === undefined) this.#locks.set(key, (lock = new Mutex()));
    return lock;
  }
}
