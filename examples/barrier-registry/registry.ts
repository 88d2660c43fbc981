/** What `install` gives, and `release` takes. */
export interface Token {
  readonly id: number;
  readonly name: string;
}

/** Barriers by the name of the point where they stand; at each point the one that was installed last is in force. */
export interface Registry {
  install(name: string): Token;
  /** Lets everybody go who is parked at it. False if it was not installed any more. */
  release(token: Token): boolean;
  releaseAll(): void;
  /** A worker reaches a point: parks at the barrier in force, if there is one. */
  hit(name: string): { readonly parkedAt: Token | undefined; readonly passed: Promise<void> };
  /** Resolves when a worker is parked at this very barrier. */
  waitHeld(token: Token): Promise<void>;
}

interface Barrier {
  readonly token: Token;
  readonly parked: (() => void)[];
  readonly waiting: (() => void)[];
}

/** How a registry takes a released barrier out of force. */
export type Unlink = (byName: Map<string, Barrier>, token: Token) => void;

/** Compare and delete: releasing an older barrier leaves a newer one of the same name in force. */
export const compareAndDelete: Unlink = (byName, { id, name }) => {
  if (byName.get(name)?.token.id === id) byName.delete(name);
};

export class BarrierRegistry implements Registry {
  readonly #unlink: Unlink;
  readonly #byToken = new Map<number, Barrier>();
  readonly #byName = new Map<string, Barrier>();
  #latest = 0;

  constructor(unlink: Unlink = compareAndDelete) {
    this.#unlink = unlink;
  }

  install(name: string): Token {
    const barrier: Barrier = { token: { id: ++this.#latest, name }, parked: [], waiting: [] };
    this.#byToken.set(barrier.token.id, barrier);
    this.#byName.set(name, barrier);
    return barrier.token;
  }

  release(token: Token): boolean {
    const barrier = this.#byToken.get(token.id);
    if (barrier === undefined) return false;
    this.#byToken.delete(token.id);
    this.#unlink(this.#byName, token);
    for (const resume of barrier.parked.splice(0)) resume();
    return true;
  }

  releaseAll(): void {
    for (const { token } of [...this.#byToken.values()]) this.release(token);
  }

  hit(name: string): { parkedAt: Token | undefined; passed: Promise<void> } {
    const barrier = this.#byName.get(name);
    if (barrier === undefined) return { parkedAt: undefined, passed: Promise.resolve() };
    const passed = new Promise<void>((resume) => barrier.parked.push(resume));
    for (const held of barrier.waiting.splice(0)) held();
    return { parkedAt: barrier.token, passed };
  }

  waitHeld(token: Token): Promise<void> {
    const barrier = this.#byToken.get(token.id);
    if (barrier === undefined || barrier.parked.length > 0) return Promise.resolve();
    return new Promise((held) => barrier.waiting.push(held));
  }
}
