import { promiseHooks } from 'node:v8';
import type { Op, WaitOp } from './op.ts';
import type { Observer } from './run.ts';

/**
 * Observes whether a native reaction (an await or a `then` of code that is not instrumented) overtook an
 * instrumented await of the same promise. In Node the reactions of one promise run in the order in which they
 * were added; here an instrumented one waits to be chosen, while a native one that was added after it runs at once.
 */
export class NativeReactions implements Observer {
  overtaken = false;
  readonly #awaiting = new Set<WaitOp>();
  /** Those whose own reaction has been added. */
  readonly #added = new Set<WaitOp>();
  /** Those behind which a native reaction stands. */
  readonly #passed = new Set<Op>();
  /** The latest child of an awaited promise, if it is not the engine's. */
  #child: { readonly promise: object; readonly ops: readonly Op[] } | undefined;
  #stop: (() => void) | undefined;

  begin(): void {
    this.#stop = promiseHooks.createHook({
      init: (promise, parent) => {
        this.#accept();
        if (parent !== undefined) this.#bear(promise, parent);
      },
      // An async function that awaits a plain value wraps it in a child of its own promise, settled from birth.
      settled: (promise) => {
        if (promise === this.#child?.promise) this.#child = undefined;
        this.#accept();
      },
    }) as () => void;
  }

  created(op: Op): void {
    if (op.kind === 'await') this.#awaiting.add(op as WaitOp);
  }

  within(_task: unknown, run: () => void): void {
    run();
  }

  chosen(): void {
    // What is overtaken shows when it fires.
  }

  fired(op: Op): void {
    if (!this.#awaiting.delete(op as WaitOp)) return;
    this.#accept();
    if (this.#passed.has(op)) this.overtaken = true;
  }

  end(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** `source` has a new child. The first one after an instrumented await is the engine's own reaction. */
  #bear(promise: object, source: object): void {
    const ops: WaitOp[] = [];
    for (const op of this.#awaiting) {
      if (op.source !== source) continue;
      if (!this.#added.has(op)) {
        this.#added.add(op);
        return;
      }
      ops.push(op);
    }
    if (ops.length > 0) this.#child = { promise, ops };
  }

  /** The latest child is a reaction. */
  #accept(): void {
    for (const op of this.#child?.ops ?? []) this.#passed.add(op);
    this.#child = undefined;
  }
}
