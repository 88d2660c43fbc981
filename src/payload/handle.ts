import { inspect } from 'node:util';
import { StraddleError } from '../../scheduler/error.ts';
import { checkPhase } from './clock.ts';
import { leave } from './live.ts';
import type { Plan } from './plan.ts';
import { conclude, type PayloadResult } from './result.ts';
import type { Tree } from './tree.ts';
import { warn } from './warn.ts';

/**
 * A payload that was started by `spawn`. It gives one result, to the first of `wait`, `kill` and a `tryWait` that finds
 * the program gone; from then on all three reject with a `StraddleError` of kind `payload-consumed`. Declare it with
 * `await using`, so that leaving the scope ends the program on every path.
 */
export class PayloadHandle implements AsyncDisposable {
  readonly #plan: Plan;
  readonly #tree: Tree;
  #live = true;

  constructor(plan: Plan, tree: Tree) {
    this.#plan = plan;
    this.#tree = tree;
  }

  /** The name of the payload. */
  get name(): string {
    return this.#plan.name;
  }

  /** The process number while the result has not been taken, `undefined` afterwards. */
  get pid(): number | undefined {
    return this.#live ? this.#tree.pid : undefined;
  }

  /**
   * Waits until the program itself has ended; what it left running in its group is killed. There is no limit: the
   * `timeout` of the builder is for `run`. Disposing of the handle ends a pending wait, which then gives its result.
   * Rejects with `StraddleError` if its output cannot be read (`payload-output`).
   */
  async wait(): Promise<PayloadResult> {
    this.#take();
    return this.#conclude();
  }

  /**
   * Kills the program with its whole group, and gives what it wrote until then. Rejects as `wait` does, and if the
   * program outlives SIGKILL (`payload-unkillable`).
   */
  async kill(): Promise<PayloadResult> {
    this.#take();
    await this.#tree.kill();
    return this.#conclude();
  }

  /**
   * The result if the program has ended, otherwise `undefined` and the handle stays as it was. Lets the event loop
   * turn once, so that a loop around it makes progress.
   */
  async tryWait(): Promise<PayloadResult | undefined> {
    this.#demandLive();
    if (!this.#tree.exited) await checkPhase();
    // During that turn the program was running as far as anyone knew: to lose the result to another call is no error.
    if (!this.#tree.exited || !this.#live) return undefined;
    this.#take();
    return this.#conclude();
  }

  /**
   * Ends whatever still runs. If nobody asked for the result, none is made, and a warning says so. Does nothing once
   * the program has ended and its result was taken.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const dropped = this.#live;
    this.#live = false;
    await this.#tree.kill();
    try {
      await this.#tree.ended;
    } catch (error) {
      // Otherwise it belongs to the call that took the result.
      if (dropped) throw error;
    } finally {
      leave(this.#tree);
    }
    if (dropped) {
      const what = 'was disposed of without wait or kill; its process group was killed and nothing was recorded';
      warn('DROPPED', `payload '${this.name}' (process ${this.#tree.pid}) ${what}.`);
    }
  }

  [inspect.custom](): string {
    const { name, checks } = this.#plan;
    return `PayloadHandle { payload: '${name}', pid: ${this.pid}, checks: ${checks.length} }`;
  }

  // Without an await in between, so of two calls at the same time exactly one gets the result.
  #take(): void {
    this.#demandLive();
    this.#live = false;
  }

  #demandLive(): void {
    if (this.#live) return;
    throw new StraddleError(
      'payload-consumed',
      `the handle of payload '${this.name}' was already consumed by an earlier wait, kill, tryWait or dispose; ` +
        'a handle gives one result.',
    );
  }

  async #conclude(): Promise<PayloadResult> {
    try {
      return conclude(this.#plan, await this.#tree.ended);
    } finally {
      leave(this.#tree);
    }
  }
}
