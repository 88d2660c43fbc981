/** Keeps what was fetched last, up to a number of keys. */
export interface FetchCache {
  get(key: string): Promise<string>;
  readonly size: number;
}

/** Keeps the promise from the moment the fetch begins: nothing is fetched twice, and there is always room. */
export class LruCache implements FetchCache {
  readonly #most: number;
  readonly #fetch: (key: string) => Promise<string>;
  /** The least recently used first. */
  readonly #kept = new Map<string, Promise<string>>();

  constructor(most: number, fetch: (key: string) => Promise<string>) {
    this.#most = most;
    this.#fetch = fetch;
  }

  get size(): number {
    return this.#kept.size;
  }

  get(key: string): Promise<string> {
    const value = this.#kept.get(key) ?? this.#begin(key);
    this.#kept.delete(key);
    this.#kept.set(key, value);
    if (this.#kept.size > this.#most) this.#kept.delete(this.#kept.keys().next().value!);
    return value;
  }

  #begin(key: string): Promise<string> {
    const value = this.#fetch(key);
    // A failure is not kept; meanwhile the key may have been fetched anew.
    value.catch(() => {
      if (this.#kept.get(key) === value) this.#kept.delete(key);
    });
    return value;
  }
}
