import { point } from '../../scheduler/point.ts';

/** A promise with its resolve function. */
export class Signal {
  readonly promise: Promise<void>;
  isOpen = false;
  #resolve!: () => void;

  constructor() {
    this.promise = new Promise((resolve) => (this.#resolve = resolve));
  }

  open(): void {
    this.isOpen = true;
    this.#resolve();
  }
}

export interface Slot {
  readonly key: string;
  readonly arrived: Signal;
  readonly released: Signal;
}

/** What a release takes out of the registry. */
export type Remove = (registry: Registry, token: number, slot: Slot) => void | Promise<void>;

/** Barriers by token; a hook finds the one in force for its key. Installing again supersedes silently. */
export class Registry {
  readonly tokens = new Map<number, Slot>();
  readonly byKey = new Map<string, number>();
  readonly #remove: Remove;
  #next = 1;

  constructor(remove: Remove) {
    this.#remove = remove;
  }

  install(key: string): number {
    const token = this.#next++;
    this.tokens.set(token, { key, arrived: new Signal(), released: new Signal() });
    this.byKey.set(key, token);
    return token;
  }

  /** @throws Error for a token that is not installed any more. */
  async waitHeld(token: number): Promise<void> {
    const slot = this.tokens.get(token);
    if (slot === undefined) throw new Error(`barrier ${token} is gone`);
    await slot.arrived.promise;
  }

  /** False for a token that is not installed any more. */
  async release(token: number): Promise<boolean> {
    await point('release:lookup');
    const slot = this.tokens.get(token);
    if (slot === undefined) return false;
    this.tokens.delete(token);
    await this.#remove(this, token, slot);
    slot.released.open();
    return true;
  }

  /** What the code under test calls; resolves to whether it was parked. */
  async hook(key: string): Promise<boolean> {
    await point('hook:lookup');
    const slot = this.tokens.get(this.byKey.get(key) ?? 0);
    if (slot === undefined) return false;
    await point('hook:park');
    slot.arrived.open();
    if (slot.released.isOpen) return false;
    await slot.released.promise;
    return true;
  }
}
