import { StraddleError } from './error.ts';
import type { Op } from './op.ts';

/** Keeps operations from being chosen until something has happened. */
export interface Hold {
  /** Holds until `condition` is true; looked at on arrival and after every step. */
  until(condition: () => boolean): Hold;
  /** Holds each arrival for `ms` virtual milliseconds. Together with `until`, both must be met. */
  for(ms: number): Hold;
  /** Opens for good: the held go on, later arrivals pass. */
  release(): void;
}

export interface HoldOptions {
  /** Only arrivals with this key; without it, any. */
  key?: unknown;
  /** Let this many matching arrivals pass first; default 0. */
  skip?: number;
  /** Hold at most this many; default all. */
  take?: number;
}

interface Held {
  readonly op: Op;
  elapsed: boolean;
}

/** What the gates need of their execution. */
export interface GateHost {
  admit(op: Op, from: number): void;
  after(ms: number, name: string, run: () => void): void;
}

/** One hold, with the counts that a vacuity check and a diagnosis need. */
export class Gate implements Hold {
  readonly pattern: string | RegExp;
  readonly held: Held[] = [];
  arrivals = 0;
  everHeld = 0;
  conditional = false;
  readonly #options: HoldOptions;
  readonly #host: GateHost;
  readonly #index: number;
  #condition: (() => boolean) | undefined;
  #ms = 0;
  #open = false;

  constructor(host: GateHost, index: number, pattern: string | RegExp, options: HoldOptions) {
    this.#host = host;
    this.#index = index;
    this.pattern = pattern;
    this.#options = options;
  }

  until(condition: () => boolean): this {
    if (typeof condition !== 'function')
      throw new StraddleError('usage', 'until takes a function that tells whether the gate is open: () => boolean.');
    this.#condition = condition;
    this.conditional = true;
    return this;
  }

  for(ms: number): this {
    if (!(ms >= 0 && ms < Infinity))
      throw new StraddleError('usage', `for takes a number of milliseconds of 0 or more, not ${String(ms)}.`);
    this.#ms = ms;
    return this;
  }

  release(): void {
    this.#open = true;
    this.#letGo(() => true);
  }

  /** True when the gate keeps `op`. */
  keeps(op: Op): boolean {
    const { key, skip = 0, take = Infinity } = this.#options;
    // `test` would begin where a global expression matched last.
    const named = typeof this.pattern === 'string' ? this.pattern === op.name : op.name.search(this.pattern) >= 0;
    if (!named || (key !== undefined && !Object.is(key, op.key))) return false;
    this.arrivals++;
    if (this.#open || this.arrivals <= skip || this.everHeld >= take) return false;
    if (this.#ms === 0 && this.#condition?.() === true) return false;
    this.everHeld++;
    const held: Held = { op, elapsed: this.#ms === 0 };
    this.held.push(held);
    if (this.#ms > 0) {
      this.#host.after(this.#ms, `hold ${String(this.pattern)}`, () => {
        held.elapsed = true;
        if (this.#condition === undefined) this.#letGo((one) => one === held);
      });
    }
    return true;
  }

  /** After a step: lets the held go if the condition has come true. */
  look(): void {
    if (this.held.length > 0 && this.#condition?.() === true) this.#letGo((one) => one.elapsed);
  }

  #letGo(which: (held: Held) => boolean): void {
    const going = this.held.filter(which);
    if (going.length === 0) return;
    const staying = this.held.filter((one) => !going.includes(one));
    this.held.splice(0, this.held.length, ...staying);
    for (const { op } of going) this.#host.admit(op, this.#index + 1);
  }
}
