import { AsyncResource } from 'node:async_hooks';
import type { TimerOp } from '../op.ts';
import type { Task } from '../task.ts';
import { LONGEST_DELAY_MS } from './originals.ts';

/** What timers need of the scheduler. */
export interface TimerHost {
  arm(kind: 'timer' | 'immediate', name: string, ms: number, run: () => void, task?: Task): TimerOp;
  disarm(op: TimerOp): void;
  rearm(op: TimerOp, ms: number): void;
  weaken(op: TimerOp, weak: boolean): void;
  /** The timer is a watchdog's. */
  watch(op: TimerOp): void;
  /** Runs code of `task` in the async context in which it was asked for. */
  within(scope: AsyncResource, task: Task, run: () => void): void;
}

type Callback = (this: unknown, ...args: unknown[]) => void;

/** The host's own functions: for timers that were armed outside, and for its errors about wrong arguments. */
export interface HostTimers {
  readonly setTimeout: (callback: never, ms: number) => unknown;
  readonly clearTimeout: (timer: never) => void;
  readonly setImmediate: (callback: never) => unknown;
  readonly clearImmediate: (immediate: never) => void;
}

/** Where the numbers of virtual timers begin, well above those of real ones. */
const FIRST_ID = 10 ** 12;

/** Whole virtual milliseconds, as Node reads a delay: 1 for one that is too long, or no number of 1 or more. @throws TypeError for a symbol or a bigint. */
export function delayOf(after: unknown): number {
  const ms = (after as number) * 1;
  return ms >= 1 && ms <= LONGEST_DELAY_MS ? Math.trunc(ms) : 1;
}

/** What `setTimeout` and `setInterval` return, with the interface of Node's `Timeout`. */
class Timeout extends AsyncResource {
  readonly #timers: VirtualTimers;
  readonly #ms: number;
  readonly #repeats: boolean;
  #callback: Callback | undefined;
  #args: unknown[];
  #op: TimerOp | undefined;
  #task: Task | undefined;
  #weak = false;
  readonly #isWatchdog: boolean;
  #epoch: number;
  #id = 0;

  constructor(
    timers: VirtualTimers,
    callback: Callback,
    ms: number,
    repeats: boolean,
    args: unknown[],
    isWatchdog = false,
  ) {
    super('Timeout');
    this.#timers = timers;
    this.#epoch = timers.epoch;
    this.#callback = callback;
    this.#ms = ms;
    this.#repeats = repeats;
    this.#args = args;
    this.#isWatchdog = isWatchdog;
    this.#arm();
  }

  #arm(): void {
    const { host } = this.#timers;
    const op = host.arm('timer', this.#repeats ? 'interval' : 'timeout', this.#ms, () => this.#fire(), this.#task);
    this.#op = op;
    this.#task = op.task;
    if (this.#weak) host.weaken(op, true);
    if (this.#isWatchdog) host.watch(op);
  }

  #fire(): void {
    this.#op = undefined;
    const { host } = this.#timers;
    try {
      host.within(this, this.#task!, () => this.#callback!.apply(this, this.#args));
    } finally {
      // Node arms an interval again after its callback, also when that throws.
      if (this.#repeats && this.#callback !== undefined) {
        if (this.#op === undefined) this.#arm();
        else host.rearm(this.#op, this.#ms);
      }
    }
  }

  close(): this {
    this.#callback = undefined;
    if (this.#op !== undefined) this.#timers.host.disarm(this.#op);
    this.#op = undefined;
    this.#timers.forget(this.#id);
    return this;
  }

  /** Begins again from now, also after it has fired; not after it has been cleared. */
  refresh(): this {
    if (this.#epoch !== this.#timers.epoch) this.#renew();
    if (this.#op !== undefined) this.#timers.host.rearm(this.#op, this.#ms);
    else if (this.#callback !== undefined) this.#arm();
    return this;
  }

  /** Kept from an execution before, as Node's client for `fetch` does: it is this one's now. */
  #renew(): void {
    this.#epoch = this.#timers.epoch;
    this.#op = undefined;
    this.#task = undefined;
  }

  ref(): this {
    return this.#weaken(false);
  }

  unref(): this {
    return this.#weaken(true);
  }

  #weaken(weak: boolean): this {
    this.#weak = weak;
    if (this.#op !== undefined) this.#timers.host.weaken(this.#op, weak);
    return this;
  }

  hasRef(): boolean {
    return !this.#weak;
  }

  /** A number by which it can be cleared too. */
  [Symbol.toPrimitive](): number {
    if (this.#id === 0) this.#id = this.#timers.number(this);
    return this.#id;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** What `setImmediate` returns, with the interface of Node's `Immediate`. */
class Immediate extends AsyncResource {
  readonly #host: TimerHost;
  #op: TimerOp | undefined;
  #weak = false;

  constructor(host: TimerHost, callback: Callback, args: unknown[]) {
    super('Immediate');
    this.#host = host;
    const op = host.arm('immediate', 'immediate', 0, () => {
      this.#op = undefined;
      host.within(this, op.task, () => callback.apply(this, args));
    });
    this.#op = op;
  }

  close(): void {
    if (this.#op !== undefined) this.#host.disarm(this.#op);
    this.#op = undefined;
  }

  ref(): this {
    return this.#weaken(false);
  }

  unref(): this {
    return this.#weaken(true);
  }

  #weaken(weak: boolean): this {
    this.#weak = weak;
    if (this.#op !== undefined) this.#host.weaken(this.#op, weak);
    return this;
  }

  hasRef(): boolean {
    return this.#op !== undefined && !this.#weak;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

export type { Immediate as VirtualImmediate, Timeout as VirtualTimeout };

/** The six timer functions of one execution. */
export class VirtualTimers {
  readonly host: TimerHost;
  /** Grows with every execution. */
  epoch = 0;
  /** In this execution: sees to a time-out that is longer than Node's longest, or else it is 1 ms, as in Node. */
  tooLong: ((callback: Callback, ms: number) => boolean) | undefined;
  readonly #real: HostTimers;
  readonly #numbered = new Map<number, Timeout>();
  #numbers = FIRST_ID;

  constructor(host: TimerHost, real: HostTimers) {
    this.host = host;
    this.#real = real;
  }

  /** Before an execution. */
  reset(): void {
    this.epoch++;
    this.tooLong = undefined;
    this.#numbers = FIRST_ID;
    if (this.#numbered.size > 0) this.#numbered.clear();
  }

  number(timeout: Timeout): number {
    this.#numbered.set(++this.#numbers, timeout);
    return this.#numbers;
  }

  forget(id: number): void {
    if (id !== 0) this.#numbered.delete(id);
  }

  readonly setTimeout = (callback: unknown, after?: unknown, ...args: unknown[]): unknown => {
    if (typeof callback !== 'function') return this.#real.setTimeout(callback as never, 1);
    if (this.tooLong !== undefined && typeof after === 'number' && after > LONGEST_DELAY_MS) {
      if (this.tooLong(callback as Callback, after)) return undefined;
    }
    return new Timeout(this, callback as Callback, delayOf(after), false, args);
  };

  readonly setInterval = (callback: unknown, after?: unknown, ...args: unknown[]): unknown => {
    if (typeof callback !== 'function') return this.#real.setTimeout(callback as never, 1);
    return new Timeout(this, callback as Callback, delayOf(after), true, args);
  };

  /** As `setTimeout`, for a host that waits for code under test (see `TimerOp.watchdog`). */
  readonly watchTimeout = (callback: unknown, after?: unknown, ...args: unknown[]): unknown =>
    new Timeout(this, callback as Callback, delayOf(after), false, args, true);

  /** As `setInterval`, likewise. */
  readonly watchInterval = (callback: unknown, after?: unknown, ...args: unknown[]): unknown =>
    new Timeout(this, callback as Callback, delayOf(after), true, args, true);

  readonly clearTimeout = (timer: unknown): void => {
    if (timer instanceof Timeout) timer.close();
    else if (typeof timer === 'number' || typeof timer === 'string') {
      const known = this.#numbered.get(Number(timer));
      if (known === undefined) this.#real.clearTimeout(timer as never);
      else known.close();
    } else if (!(timer instanceof Immediate)) this.#real.clearTimeout(timer as never);
  };

  readonly setImmediate = (callback: unknown, ...args: unknown[]): unknown => {
    if (typeof callback !== 'function') return this.#real.setImmediate(callback as never);
    return new Immediate(this.host, callback as Callback, args);
  };

  readonly clearImmediate = (immediate: unknown): void => {
    if (immediate instanceof Immediate) immediate.close();
    else if (!(immediate instanceof Timeout)) this.#real.clearImmediate(immediate as never);
  };
}
