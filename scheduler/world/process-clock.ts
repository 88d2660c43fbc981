import type { AnyFunction } from './dispatch.ts';

type Pair = [seconds: number, nanoseconds: number];

/** The clocks that count from the start of the process: `performance` and `process`. */
export class ProcessClock {
  readonly #elapsed: () => number;
  readonly #origin: () => number;

  /** @param elapsed milliseconds since the process began; @param origin when that was, since 1970 */
  constructor(elapsed: () => number, origin: () => number) {
    this.#elapsed = elapsed;
    this.#origin = origin;
  }

  readonly now = (): number => this.#elapsed();

  get timeOrigin(): number {
    return this.#origin();
  }

  readonly uptime = (): number => this.#elapsed() / 1_000;

  readonly hrtimeBigint = (): bigint => BigInt(Math.round(this.#elapsed() * 1e6));

  readonly hrtime = (since?: Pair): Pair => {
    const ms = this.#elapsed();
    const seconds = Math.floor(ms / 1_000);
    const nanoseconds = Math.round((ms % 1_000) * 1e6);
    if (since === undefined) return [seconds, nanoseconds];
    const borrow = nanoseconds < since[1] ? 1 : 0;
    return [seconds - since[0] - borrow, nanoseconds - since[1] + borrow * 1e9];
  };
}

/** `performance.mark` at virtual time `now`, unless it says another time. */
export function markAt(original: AnyFunction, now: number): AnyFunction {
  return function (this: unknown, name: unknown, options?: object) {
    return original.apply(this, [name, { startTime: now, ...options }] as never[]);
  };
}

/** `performance.measure` up to virtual time `now`, unless it says another end. */
export function measureUntil(original: AnyFunction, now: number): AnyFunction {
  return function (this: unknown, name: unknown, from?: unknown, to?: unknown) {
    if (to !== undefined) return original.apply(this, [name, from, to] as never[]);
    const options = typeof from === 'object' && from !== null ? from : { start: from ?? 0 };
    const ends = 'end' in options || 'duration' in options;
    return original.apply(this, [name, ends ? options : { ...options, end: now }] as never[]);
  };
}
