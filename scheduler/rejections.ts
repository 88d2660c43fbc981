import type { Scheduler } from './scheduler.ts';
import type { Task } from './task.ts';

type Listener = (...args: unknown[]) => void;
const EVENTS = ['unhandledRejection', 'rejectionHandled', 'uncaughtException'] as const;

/** A rejection that nobody has handled so far. */
export interface Rejection {
  readonly reason: unknown;
  /** The task whose step caused it. */
  readonly task: string;
  /** The promise is what `spawn` returned: the task itself failed. */
  readonly spawned: boolean;
}

/**
 * Unhandled rejections surface inside the drain, too early: another task may still handle them. They are
 * collected until the execution ends, struck off when handled, and kept from the host's listeners.
 */
export class Rejections {
  readonly #scheduler: Scheduler;
  readonly #unhandled = new Map<unknown, Rejection>();
  readonly #own: readonly Listener[];
  readonly #saved: (readonly Listener[])[] = [];
  #isHolding = false;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.#own = [
      (reason: unknown, promise: unknown) => this.#add(reason, promise),
      (promise: unknown) => this.#unhandled.delete(promise),
      (error: unknown, origin: unknown) => {
        if (origin !== 'unhandledRejection') scheduler.fail('error', error);
      },
    ];
  }

  clear(): void {
    if (this.#unhandled.size > 0) this.#unhandled.clear();
  }

  /** The first one that is still unhandled; a failed task comes before a stray promise. */
  first(): Rejection | undefined {
    if (this.#unhandled.size === 0) return undefined;
    let found: Rejection | undefined;
    for (const rejection of this.#unhandled.values()) {
      if (found === undefined || (rejection.spawned && !found.spawned)) found = rejection;
    }
    return found;
  }

  /** Takes the place of the host's listeners. */
  hold(): void {
    if (this.#isHolding) return;
    this.#isHolding = true;
    for (let i = 0; i < EVENTS.length; i++) {
      this.#saved[i] = takeListeners(EVENTS[i]!);
      process.on(EVENTS[i] as 'exit', this.#own[i]!);
    }
  }

  letGo(): void {
    if (!this.#isHolding) return;
    this.#isHolding = false;
    for (let i = 0; i < EVENTS.length; i++) {
      process.removeListener(EVENTS[i]!, this.#own[i]!);
      // In their order, before what code under test has added.
      const saved = this.#saved[i]!;
      if (saved.length === 0) continue;
      const added = takeListeners(EVENTS[i]!);
      for (const listener of [...saved, ...added]) process.on(EVENTS[i] as 'exit', listener);
    }
  }

  #add(reason: unknown, promise: unknown): void {
    if (this.#scheduler.abandoned) return;
    const task: Task | undefined = this.#scheduler.tasks.ofResult(promise);
    const spawned = task !== undefined;
    this.#unhandled.set(promise, { reason, task: (task ?? this.#scheduler.current).name, spawned });
  }
}

const NONE: readonly Listener[] = [];

/** Most often there are none; to ask for a list would cost more than to count. */
function takeListeners(event: string): readonly Listener[] {
  if (process.listenerCount(event) === 0) return NONE;
  const listeners = process.rawListeners(event) as Listener[];
  process.removeAllListeners(event);
  return listeners;
}
