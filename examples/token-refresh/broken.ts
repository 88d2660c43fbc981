import { point } from '../../scheduler/point.ts';
import type { Authority, TokenStore } from './token-store.ts';

/** Broken: everybody who finds the token expired refreshes it, with the same secret. */
export class Stampede implements TokenStore {
  readonly #authority: Authority;
  #current: { token: string; secret: string };

  constructor(authority: Authority, first: { token: string; secret: string }) {
    this.#authority = authority;
    this.#current = first;
  }

  async token(): Promise<string> {
    while (!this.#authority.isValid(this.#current.token)) {
      this.#current = await this.#authority.refresh(this.#current.secret);
    }
    return this.#current.token;
  }
}

/** Broken: the refresh counts as over before its token is in place, so whoever comes meanwhile refreshes again. */
export class OverTooEarly implements TokenStore {
  readonly #authority: Authority;
  #current: { token: string; secret: string };
  #refreshing: Promise<void> | undefined;

  constructor(authority: Authority, first: { token: string; secret: string }) {
    this.#authority = authority;
    this.#current = first;
  }

  async token(): Promise<string> {
    while (!this.#authority.isValid(this.#current.token)) {
      this.#refreshing ??= this.#refresh();
      await this.#refreshing;
    }
    return this.#current.token;
  }

  async #refresh(): Promise<void> {
    const next = await this.#authority.refresh(this.#current.secret);
    this.#refreshing = undefined;
    await point('save');
    this.#current = next;
  }
}
