import { StraddleError } from './error.ts';

/** Names one installed barrier; plain text, so that a remote process can carry it. */
export type Token = string & { readonly __barrier?: never };

type Settle = (error?: StraddleError) => void;

interface Barrier<Parked> {
  readonly name: string;
  readonly key: unknown;
  readonly parked: Parked[];
  readonly waiting: Set<Settle>;
  arrived: boolean;
}

let registries = 0;

/**
 * Barriers with tokens: `install` arms one, whoever reaches its point parks there (all of them, not only the
 * first), `whenHeld` tells when somebody has, `release` lets them go. The newest barrier of a point and key
 * receives its arrivals; releasing an older one leaves the newer in place (compare-and-delete).
 * A barrier installed without a key receives arrivals of every key for which no barrier of their own stands.
 *
 * The same rules hold in process, where what parks is an operation, and in a remote child.
 */
export class BarrierRegistry<Parked> {
  readonly #prefix: string;
  readonly #tokens = new Map<Token, Barrier<Parked>>();
  readonly #newest = new Map<string, Map<unknown, Token>>();
  readonly #ended = new Map<Token, { name: string; arrived: boolean }>();
  readonly #resume: (parked: Parked) => void;
  #installed = 0;

  /** @param id tells the tokens of this registry from those of others; default: its number in this process. */
  constructor(resume: (parked: Parked) => void, id: string = String(++registries)) {
    this.#resume = resume;
    this.#prefix = `barrier-${id}-`;
  }

  /** How many barriers stand. */
  get size(): number {
    return this.#tokens.size;
  }

  /** The points at which somebody is parked now. */
  *held(): Generator<{ name: string; key: unknown; parked: readonly Parked[] }> {
    for (const barrier of this.#tokens.values()) if (barrier.parked.length > 0) yield barrier;
  }

  /** Every barrier ever installed, and whether somebody reached it. */
  *installed(): Generator<{ name: string; arrived: boolean }> {
    yield* this.#tokens.values();
    yield* this.#ended.values();
  }

  install(name: string, key?: unknown): Token {
    const token: Token = this.#prefix + ++this.#installed;
    this.#tokens.set(token, { name, key, parked: [], waiting: new Set(), arrived: false });
    let keys = this.#newest.get(name);
    if (keys === undefined) this.#newest.set(name, (keys = new Map<unknown, Token>()));
    keys.set(key, token);
    return token;
  }

  /** Called at a point: parks `parked` if a barrier stands there. */
  arrive(name: string, key: unknown, parked: Parked): boolean {
    const keys = this.#newest.get(name);
    const token = keys?.get(key) ?? keys?.get(undefined);
    if (token === undefined) return false;
    const barrier = this.#tokens.get(token)!;
    barrier.parked.push(parked);
    barrier.arrived = true;
    settleAll(barrier.waiting);
    return true;
  }

  /**
   * Calls `settle` once: with nothing when somebody is (or was) parked there, with an error when that can no
   * longer happen. Returns a function that cancels.
   */
  whenHeld(token: Token, settle: Settle): () => void {
    const barrier = this.#tokens.get(token);
    if (barrier === undefined) {
      const ended = this.#ended.get(token);
      if (ended === undefined) settle(this.#unknown(token));
      else settle(ended.arrived ? undefined : releasedBeforeArrival(ended.name));
    } else if (barrier.arrived) {
      settle();
    } else {
      barrier.waiting.add(settle);
    }
    return () => barrier?.waiting.delete(settle);
  }

  /**
   * Lets the parked go and takes the barrier away. False for a token that is not installed any more.
   * @throws StraddleError `foreign-token` for a token of another execution or process.
   */
  release(token: Token): boolean {
    const barrier = this.#tokens.get(token);
    if (barrier === undefined) {
      if (this.#isForeign(token)) throw this.#unknown(token);
      return false;
    }
    this.#tokens.delete(token);
    this.#ended.set(token, { name: barrier.name, arrived: barrier.arrived });
    const keys = this.#newest.get(barrier.name)!;
    if (keys.get(barrier.key) === token) keys.delete(barrier.key);
    if (barrier.waiting.size > 0) settleAll(barrier.waiting, releasedBeforeArrival(barrier.name));
    for (const parked of barrier.parked) this.#resume(parked);
    return true;
  }

  releaseAll(): void {
    for (const token of [...this.#tokens.keys()]) this.release(token);
  }

  /** Ends every wait with `shutdown`, then releases all. */
  shutdown(what = 'The execution ended'): void {
    for (const { name, waiting } of this.#tokens.values()) {
      if (waiting.size > 0) settleAll(waiting, new StraddleError('shutdown', `${what} ${beforeArrival(name)}`));
    }
    this.releaseAll();
  }

  #isForeign(token: Token): boolean {
    return /^barrier-[\d.]+-\d+$/.test(token) && !token.startsWith(this.#prefix);
  }

  #unknown(token: Token): StraddleError {
    return this.#isForeign(token)
      ? new StraddleError(
          'foreign-token',
          `The token '${token}' was installed in another execution; it means nothing here.`,
        )
      : new StraddleError('unknown-token', `No barrier was ever installed with the token '${token}'.`);
  }
}

function settleAll(waiting: Set<Settle>, error?: StraddleError): void {
  const settles = [...waiting];
  waiting.clear();
  for (const settle of settles) settle(error);
}

function releasedBeforeArrival(name: string): StraddleError {
  return new StraddleError('released-before-arrival', `It was released ${beforeArrival(name)}`);
}

function beforeArrival(name: string): string {
  return `before anybody reached the barrier at '${name}'.`;
}
