import { StraddleError } from './error.ts';
import type { Op } from './op.ts';
import type { Strategy } from './strategy.ts';

/** What the step loop asks at each scheduling point. Index 0 is always natural order. */
export interface Chooser {
  /** Whether it may settle more together than natural order does. */
  readonly bursts: boolean;
  /** The operation to run next. */
  choose(enabled: readonly Op[], step: number): number;
  /**
   * Before the drain: the operation to settle together with those just settled, or −1 to drain now.
   * `natural` tells whether natural order would settle `enabled[0]` too.
   */
  join(enabled: readonly Op[], step: number, natural: boolean): number;
  /** Virtual milliseconds, at most `limit`, that the chosen operation takes before it runs. */
  take(limit: number, step: number): number;
}

/** What Node does. */
export const naturalOrder: Chooser = {
  bursts: false,
  choose: () => 0,
  join: (_enabled, _step, natural) => (natural ? 0 : -1),
  take: () => 0,
};

/** How often an operation takes virtual time in an elastic execution. */
const TAKE_RATE = 0.1;

/**
 * Share of the executions that have bursts at all. In the others a strategy's choices are its own: what is settled
 * together with the chosen operation runs before a task that PCT wants to go on.
 */
const BURSTING = 0.5;

/** Choices after which a burst is due, however rare they are. */
const MOST_GAP = 1_000_000;

/** Lets a user's or our own strategy choose, and adds bursts and time taken at their rates. */
export class StrategyChooser implements Chooser {
  /** Whether this execution may have bursts of the engine's. */
  bursts = false;
  readonly #strategy: Strategy;
  readonly #rate: number;
  readonly #random: () => number;
  #joins = false;
  /** Choices until the next burst: drawn once per burst instead of a coin per choice. */
  #untilBurst = 0;
  #single = false;

  constructor(strategy: Strategy, bursts: number, random: () => number) {
    this.#strategy = strategy;
    this.#rate = bursts;
    this.#random = random;
  }

  /** Before each execution, after the strategy's own `begin`. */
  begin(): void {
    this.#single = this.#strategy.single === true;
    this.#joins = this.#strategy.join !== undefined;
    const mayBurst = !this.#single && this.#rate > 0;
    const bursting = mayBurst && this.#random() < BURSTING;
    this.bursts = this.#joins || bursting;
    if (bursting) this.#untilBurst = this.#drawGap();
  }

  choose(enabled: readonly Op[], step: number): number {
    const index = this.#strategy.choose(enabled, step);
    // In whole numbers: as fractions they would be carried along the whole step.
    const place = index | 0;
    if (place === index && place >= 0 && place < enabled.length) return place;
    throw this.#misled(index, enabled.length);
  }

  /** Apart: V8 inlines what is short. */
  #misled(index: unknown, count: number): StraddleError {
    return new StraddleError(
      'strategy',
      `The strategy '${this.#strategy.name}' chose ${String(index)} of ${count} enabled operations; it must return an index of the list.`,
    );
  }

  join(enabled: readonly Op[], step: number, natural: boolean): number {
    if (this.#joins) return this.#strategy.join!(enabled, natural);
    if (!this.bursts || --this.#untilBurst > 0) return -1;
    this.#untilBurst = this.#drawGap();
    // A strategy is asked only for what will be done.
    // No iterator: this is half of what a burst takes among many.
    for (let i = 0; i < enabled.length; i++)
      if (enabled[i]!.run !== undefined) return this.#joinSettling(enabled, step);
    return this.choose(enabled, step);
  }

  #joinSettling(enabled: readonly Op[], step: number): number {
    const settling = enabled.filter((op) => op.settles);
    return settling.length === 0 ? -1 : enabled.indexOf(settling[this.choose(settling, step)]!);
  }

  take(limit: number): number {
    if (this.#strategy.take !== undefined) return this.#strategy.take(limit);
    if (this.#single || this.#random() >= TAKE_RATE) return 0;
    return Math.min(limit, Math.ceil(this.#random() * limit));
  }

  /** Geometric with the rate of bursts. Without a logarithm, whose last digit is not the same on every machine. */
  #drawGap(): number {
    const rest = 1 - this.#random();
    const noBurst = 1 - this.#rate;
    let gap = 1;
    for (let none = noBurst; none >= rest && gap < MOST_GAP; none *= noBurst) gap++;
    return gap;
  }
}
