/** A health check: what was seen, why it matters, what to do instead. It never changes a verdict. */
export interface HealthCheck {
  readonly name: string;
  readonly detail: string;
}

/** What one exploration has noticed; of each name, the first. */
export class Health {
  readonly #checks = new Map<string, string>();

  clear(): void {
    this.#checks.clear();
  }

  has(name: string): boolean {
    return this.#checks.has(name);
  }

  /** `detail` is asked for only if this is the first of its name. */
  note(name: string, detail: () => string): void {
    if (!this.#checks.has(name)) this.#checks.set(name, detail());
  }

  list(): HealthCheck[] {
    return [...this.#checks].map(([name, detail]) => ({ name, detail }));
  }
}
