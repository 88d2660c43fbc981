import type { FetchCache } from './fetch-cache.ts';

/** Broken: makes room before it fetches, so two that fetch at once make room for one. */
export class RoomTooEarly implements FetchCache {
  readonly #most: number;
  readonly #fetch: (key: string) => Promise<string>;
  readonly #kept = new Map<string, string>();

  constructor(most: number, fetch: (key: string) => Promise<string>) {
    this.#most = most;
    this.#fetch = fetch;
  }

  get size(): number {
    return this.#kept.size;
  }

  async get(key: string): Promise<string> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept;
    }
    if (this.#kept.size === this.#most) this.#kept.delete(this.#kept.keys().next().value!);
    const value = await this.#fetch(key);
    this.#kept.set(key, value);
    return value;
  }
}

/** Broken: keeps a value only when it has come, so whoever asks meanwhile fetches it once more. */
export class FetchedTwice implements FetchCache {
  readonly #most: number;
  readonly #fetch: (key: string) => Promise<string>;
  readonly #kept = new Map<string, string>();

  constructor(most: number, fetch: (key: string) => Promise<string>) {
    this.#most = most;
    this.#fetch = fetch;
  }

  get size(): number {
    return this.#kept.size;
  }

  async get(key: string): Promise<string> {
    const value = this.#kept.get(key) ?? (await this.#fetch(key));
    this.#kept.delete(key);
    this.#kept.set(key, value);
    if (this.#kept.size > this.#most) this.#kept.delete(this.#kept.keys().next().value!);
    return value;
  }
}

/** Broken: keeps a promise that fails, so a fault of a moment lasts. */
export class KeepsFailures implements FetchCache {
  readonly #most: number;
  readonly #fetch: (key: string) => Promise<string>;
  readonly #kept = new Map<string, Promise<string>>();

  constructor(most: number, fetch: (key: string) => Promise<string>) {
    this.#most = most;
    this.#fetch = fetch;
  }

  get size(): number {
    return this.#kept.size;
  }

  get(key: string): Promise<string> {
    const value = this.#kept.get(key) ?? this.#fetch(key);
    this.#kept.delete(key);
    this.#kept.set(key, value);
    if (this.#kept.size > this.#most) this.#kept.delete(this.#kept.keys().next().value!);
    return value;
  }
}
