/** Gives a token that is valid, and gets another one when it has expired. */
export interface TokenStore {
  token(): Promise<string>;
}

/** The authority that tokens come from. A refresh secret works once; with the token comes the next one. */
export interface Authority {
  isValid(token: string): boolean;
  refresh(secret: string): Promise<{ token: string; secret: string }>;
}

/** Everybody who finds the token expired waits for the same refresh. */
export class SharedRefresh implements TokenStore {
  readonly #authority: Authority;
  #current: { token: string; secret: string };
  #refreshing: Promise<void> | undefined;

  constructor(authority: Authority, first: { token: string; secret: string }) {
    this.#authority = authority;
    this.#current = first;
  }

  async token(): Promise<string> {
    while (!this.#authority.isValid(this.#current.token)) {
      this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
      await this.#refreshing;
    }
    return this.#current.token;
  }

  async #refresh(): Promise<void> {
    this.#current = await this.#authority.refresh(this.#current.secret);
  }
}
