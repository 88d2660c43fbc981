/** A property of a global object that is replaced while the engine holds the loop. */
interface Replaced {
  readonly owner: object;
  readonly name: string;
  readonly replacement: PropertyDescriptor;
  original: PropertyDescriptor | undefined;
}

/** A set of replaced properties that is put in place and taken back as a whole. */
export class Patches {
  readonly #replaced: Replaced[] = [];
  #installed = false;

  /** Replaces `owner[name]` by `value`; enumerability stays as it was. */
  replace(owner: object, name: string, value: unknown): void {
    const enumerable = Object.getOwnPropertyDescriptor(owner, name)?.enumerable ?? true;
    const replacement = { value, configurable: true, writable: true, enumerable };
    this.#replaced.push({ owner, name, replacement, original: undefined });
  }

  install(): void {
    if (this.#installed) return;
    this.#installed = true;
    for (const entry of this.#replaced) {
      entry.original = Object.getOwnPropertyDescriptor(entry.owner, entry.name);
      Object.defineProperty(entry.owner, entry.name, entry.replacement);
    }
  }

  uninstall(): void {
    if (!this.#installed) return;
    this.#installed = false;
    for (let i = this.#replaced.length - 1; i >= 0; i--) {
      const { owner, name, original } = this.#replaced[i]!;
      if (original === undefined) Reflect.deleteProperty(owner, name);
      else Object.defineProperty(owner, name, original);
    }
  }
}
