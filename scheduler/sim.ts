import type { BarrierRegistry, Token } from './barriers.ts';
import { StraddleError } from './error.ts';
import { Gate, type Hold, type HoldOptions } from './gates.ts';
import type { Op } from './op.ts';
import type { Scheduler } from './scheduler.ts';
import { messageOf } from './thrown.ts';

/** Barriers with tokens, as a remote process uses them too. */
export interface Barriers {
  /** Arms a barrier at a point; without a key it receives arrivals of every key. */
  install(name: string, key?: unknown): Token;
  /**
   * Resolves when somebody is parked there. Rejects with a StraddleError whose kind says why that can no
   * longer happen: `shutdown`, `released-before-arrival`, `unknown-token`, `foreign-token`, `aborted`.
   */
  waitHeld(token: Token, signal?: AbortSignal): Promise<void>;
  /** Lets the parked go on. False for a token that is not installed any more. */
  release(token: Token): boolean;
  releaseAll(): void;
}

/** What a test body gets to shape and observe its execution. */
export interface Sim {
  /** Starts a task; its start is a scheduling point, and the execution ends only when it has finished. */
  spawn<T>(name: string, body: () => T): Promise<Awaited<T>>;
  /** A named scheduling point; the same as `point` of 'straddle/point'. */
  point(name: string, key?: unknown): Promise<void>;
  /** Notes that this execution passed here. */
  branch(label: string): void;
  /** Keeps operations that reach a point from being chosen. */
  hold(name: string | RegExp, options?: HoldOptions): Hold;
  /** How often the point was reached so far in this execution. */
  arrivals(name: string, key?: unknown): number;
  /** How many were let through so far. */
  departures(name: string, key?: unknown): number;
  readonly barriers: Barriers;
  /**
   * Says what the current task waits for in `promise`, which it returns, and the name of the task that could end that.
   * A deadlock then tells it, and the circle in which tasks wait for each other. It costs a search nothing.
   */
  waiting<T>(promise: Promise<T>, on: string, heldBy?: () => string | undefined): Promise<T>;
  /** Waits for virtual milliseconds; fractions count. */
  sleep(ms: number): Promise<void>;
  /** Virtual milliseconds since the execution began. */
  now(): number;
  /** Uniform in [0, 1), from the execution's seed. */
  random(): number;
  /** Aborted when the execution fails or ends. */
  readonly signal: AbortSignal;
  /** 1-based number of the execution. */
  readonly execution: number;
}

/** Never settles: whatever awaits it belongs to an execution that is over. */
function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

/** The `Sim` of one execution. When that is over it does nothing any more. */
export class ExecutionSim implements Sim {
  readonly execution: number = 0;
  readonly #scheduler: Scheduler;
  readonly #generation: number = 0;
  readonly #random: () => number;
  readonly #onBranch: (label: string) => void;
  #controller: AbortController | undefined;
  #barriers: Barriers | undefined;

  constructor(scheduler: Scheduler, random: () => number, onBranch: (label: string) => void) {
    this.#scheduler = scheduler;
    this.#generation = scheduler.generation;
    this.execution = scheduler.spec.execution;
    this.#random = random;
    this.#onBranch = onBranch;
  }

  /**
   * The engine behind a `sim`, for what is built on top of it.
   * @throws StraddleError `usage` for anything that is no `sim` of a controlled execution.
   */
  static engineOf(sim: unknown): Scheduler {
    if (typeof sim === 'object' && sim !== null && #scheduler in sim) return sim.#scheduler;
    throw new StraddleError('usage', 'This needs the sim of a controlled execution.');
  }

  /** Static: an accessor of its own would cost every execution. */
  static #isOver(sim: ExecutionSim): boolean {
    return sim.#generation !== sim.#scheduler.generation || sim.#scheduler.ended;
  }

  spawn<T>(name: string, body: () => T): Promise<Awaited<T>> {
    if (ExecutionSim.#isOver(this)) return never();
    if (typeof name !== 'string' || typeof body !== 'function') {
      throw new StraddleError('usage', 'spawn takes a name and a function: sim.spawn("reader", async () => { … }).');
    }
    return this.#scheduler.spawn(name, body) as Promise<Awaited<T>>;
  }

  point(name: string, key?: unknown): Promise<void> {
    return ExecutionSim.#isOver(this) ? never() : this.#scheduler.point(name, key);
  }

  branch(label: string): void {
    if (typeof label !== 'string')
      throw new StraddleError('usage', `A branch is named by a text, not by ${messageOf(label)}.`);
    if (!ExecutionSim.#isOver(this)) this.#onBranch(label);
  }

  hold(name: string | RegExp, options: HoldOptions = {}): Hold {
    if (typeof name !== 'string' && !(name instanceof RegExp)) {
      throw new StraddleError('usage', 'hold takes the name of a point or a regular expression.');
    }
    const unknown = Object.keys(options).find((option) => !['key', 'skip', 'take'].includes(option));
    if (unknown !== undefined) {
      throw new StraddleError('usage', `hold has no option '${unknown}'; the options are key, skip, take.`);
    }
    for (const option of ['skip', 'take'] as const) {
      const count = options[option];
      if (count !== undefined && (!Number.isInteger(count) || count < 0)) {
        throw new StraddleError(
          'usage',
          `hold's option '${option}' must be a whole number of 0 or more, not ${String(count)}.`,
        );
      }
    }
    // One of an execution that is over holds nobody of the next.
    if (ExecutionSim.#isOver(this)) return new Gate(this.#scheduler, 0, name, options);
    return this.#scheduler.points.hold(name, options);
  }

  arrivals(name: string, key?: unknown): number {
    return this.#scheduler.points.arrivals(name, key);
  }

  departures(name: string, key?: unknown): number {
    return this.#scheduler.points.departures(name, key);
  }

  get barriers(): Barriers {
    return (this.#barriers ??= ExecutionSim.#isOver(this)
      ? new ExecutionBarriers(this.#scheduler, this.#scheduler.points.barriers)
      : new ExecutionBarriers(this.#scheduler, this.#scheduler.points.useBarriers()));
  }

  waiting<T>(promise: Promise<T>, on: string, heldBy?: () => string | undefined): Promise<T> {
    if (!ExecutionSim.#isOver(this)) this.#scheduler.observer?.told?.(promise, on, heldBy);
    return promise;
  }

  sleep(ms: number): Promise<void> {
    if (ExecutionSim.#isOver(this)) return never();
    if (typeof ms !== 'number' || !(ms >= 0) || ms === Infinity) {
      throw new StraddleError('usage', `sleep takes a number of milliseconds of 0 or more, not ${String(ms)}.`);
    }
    return this.#scheduler.sleep(ms);
  }

  now(): number {
    return this.#scheduler.clock.now;
  }

  random(): number {
    return this.#random();
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = (this.#controller = new AbortController());
      if (ExecutionSim.#isOver(this)) controller.abort();
      else this.#scheduler.onEnd(() => controller.abort());
    }
    return this.#controller.signal;
  }
}

class ExecutionBarriers implements Barriers {
  readonly #scheduler: Scheduler;
  readonly #registry: BarrierRegistry<Op>;

  constructor(scheduler: Scheduler, registry: BarrierRegistry<Op>) {
    this.#scheduler = scheduler;
    this.#registry = registry;
  }

  install(name: string, key?: unknown): Token {
    return this.#registry.install(name, key);
  }

  waitHeld(token: Token, signal?: AbortSignal): Promise<void> {
    const { op, promise } = this.#scheduler.block('barrier', 'waitHeld');
    const cancel = this.#registry.whenHeld(token, (error) => {
      signal?.removeEventListener('abort', abort);
      this.#scheduler.enable(op, error !== undefined, error);
    });
    function abort(this: unknown): void {
      cancel();
      settle();
    }
    const settle = (): void => {
      this.#scheduler.enable(
        op,
        true,
        new StraddleError('aborted', 'Waiting at the barrier was aborted.', { cause: signal?.reason }),
      );
    };
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort, { once: true });
    return promise as Promise<void>;
  }

  release(token: Token): boolean {
    return this.#registry.release(token);
  }

  releaseAll(): void {
    this.#registry.releaseAll();
  }
}
