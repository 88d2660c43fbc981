import type { Cache, Database } from './cache.ts';

/** Broken: a read that began before a write keeps the old value after it, for ever. */
export class StaleFill implements Cache {
  readonly #database: Database;
  readonly #kept = new Map<string, number | undefined>();

  constructor(database: Database) {
    this.#database = database;
  }

  async read(key: string): Promise<number | undefined> {
    if (this.#kept.has(key)) return this.#kept.get(key);
    const value = await this.#database.read(key);
    this.#kept.set(key, value);
    return value;
  }

  async write(key: string, value: number): Promise<void> {
    await this.#database.write(key, value);
    this.#kept.set(key, value);
  }
}

/** Broken: keeps the value before it is written, so a read tells what a slower write then makes untrue. */
export class KeptEarly implements Cache {
  readonly #database: Database;
  readonly #kept = new Map<string, number | undefined>();

  constructor(database: Database) {
    this.#database = database;
  }

  async read(key: string): Promise<number | undefined> {
    if (this.#kept.has(key)) return this.#kept.get(key);
    const value = await this.#database.read(key);
    if (!this.#kept.has(key)) this.#kept.set(key, value);
    return value;
  }

  async write(key: string, value: number): Promise<void> {
    this.#kept.delete(key);
    await this.#database.write(key, value);
    this.#kept.set(key, value);
  }
}
