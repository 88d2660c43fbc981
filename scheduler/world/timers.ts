import type { TimerOp } from '../op.ts';
import type { Task } from '../task.ts';

/** What timers need of the scheduler. */
export interface TimerHost {
  arm(kind: 'timer' | 'immediate', name: string, ms: number, run: () => void, task?: Task): TimerOp;
  disarm(op: TimerOp): void;
  rearm(op: TimerOp, ms: number): void;
}

type Callback = (...args: unknown[]) => void;

/** Node's longest delay; a longer one, or one that is no number of 1 or more, becomes 1 ms. */
const LONGEST = 2 ** 31 - 1;

function delay(after: unknown): number {
  const ms = Number(after);
  return ms >= 1 && ms <= LONGEST ? Math.trunc(ms) : 1;
}

function requireFunction(callback: unknown): asserts callback is Callback {
  if (typeof callback === 'function') return;
  const error = new TypeError(`The "callback" argument must be of type function. Received ${String(callback)}`);
  throw Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' });
}

/** A pending `setTimeout` or `setInterval`, with the interface of Node's `Timeout`. */
export class VirtualTimeout {
  readonly #timers: VirtualTimers;
  readonly #ms: number;
  readonly #repeats: boolean;
  readonly #run: () => void;
  readonly #id: number;
  #op: TimerOp | undefined;
  #task: Task | undefined;
  #weak = false;

  constructor(timers: VirtualTimers, id: number, ms: number, repeats: boolean, run: () => void) {
    this.#timers = timers;
    this.#id = id;
    this.#ms = ms;
    this.#repeats = repeats;
    this.#run = run;
    this.#arm();
  }

  #arm(): void {
    const name = this.#repeats ? 'interval' : 'timeout';
    this.#op = this.#timers.host.arm('timer', name, this.#ms, () => this.#fire(), this.#task);
    this.#op.weak = this.#weak;
    this.#task = this.#op.task;
  }

  #fire(): void {
    this.#op = undefined;
    if (!this.#repeats) {
      this.#run();
      this.#timers.forget(this.#id);
      return;
    }
    // Node arms an interval again after its callback, also when that throws.
    let cleared = true;
    try {
      this.#run();
    } finally {
      cleared = !this.#timers.knows(this.#id);
      if (!cleared && this.#op === undefined) this.#arm();
    }
  }

  close(): this {
    if (this.#op !== undefined) this.#timers.host.disarm(this.#op);
    this.#op = undefined;
    this.#timers.forget(this.#id);
    return this;
  }

  ref(): this {
    return this.#setWeak(false);
  }

  unref(): this {
    return this.#setWeak(true);
  }

  #setWeak(weak: boolean): this {
    this.#weak = weak;
    if (this.#op !== undefined) this.#op.weak = weak;
    return this;
  }

  hasRef(): boolean {
    return !this.#weak;
  }

  refresh(): this {
    if (this.#op !== undefined) this.#timers.host.rearm(this.#op, this.#ms);
    return this;
  }

  [Symbol.toPrimitive](): number {
    return this.#id;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The six timer functions of one execution. */
export class VirtualTimers {
  readonly host: TimerHost;
  readonly #timeouts = new Map<number, VirtualTimeout>();
  readonly #immediates = new Map<object, TimerOp>();
  #ids = 0;

  constructor(host: TimerHost) {
    this.host = host;
  }

  clear(): void {
    if (this.#ids > 0) this.#timeouts.clear();
    if (this.#immediates.size > 0) this.#immediates.clear();
    this.#ids = 0;
  }

  knows(id: number): boolean {
    return this.#timeouts.has(id);
  }

  forget(id: number): void {
    this.#timeouts.delete(id);
  }

  #start(callback: unknown, after: unknown, args: unknown[], repeats: boolean): VirtualTimeout {
    requireFunction(callback);
    const id = ++this.#ids;
    const timeout = new VirtualTimeout(this, id, delay(after), repeats, () => callback.apply(timeout, args as never));
    this.#timeouts.set(id, timeout);
    return timeout;
  }

  readonly setTimeout = (callback: unknown, after?: unknown, ...args: unknown[]): VirtualTimeout =>
    this.#start(callback, after, args, false);

  readonly setInterval = (callback: unknown, after?: unknown, ...args: unknown[]): VirtualTimeout =>
    this.#start(callback, after, args, true);

  readonly clearTimeout = (timeout: unknown): void => {
    if (timeout instanceof VirtualTimeout) timeout.close();
    else if (typeof timeout === 'number' || typeof timeout === 'string') this.#timeouts.get(Number(timeout))?.close();
  };

  readonly setImmediate = (callback: unknown, ...args: unknown[]): object => {
    requireFunction(callback);
    const immediate = { hasRef: () => true, ref: () => immediate, unref: () => immediate };
    const op = this.host.arm('immediate', 'immediate', 0, () => {
      this.#immediates.delete(immediate);
      callback(...args);
    });
    this.#immediates.set(immediate, op);
    return immediate;
  };

  readonly clearImmediate = (immediate: unknown): void => {
    const op = this.#immediates.get(immediate as object);
    if (op === undefined) return;
    this.#immediates.delete(immediate as object);
    this.host.disarm(op);
  };
}
