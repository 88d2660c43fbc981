/** The intrinsic, whatever a body does to the prototype. */
// Not called `then`: a module with such an export would be a thenable.
export const promiseThen = Promise.prototype.then;

export const settledPromise: Promise<void> = Promise.resolve();

/** The functions that settle the promise made last with `capture`. */
export let resolveOf: (value: unknown) => void;
export let rejectOf: (reason: unknown) => void;

/** An executor that all promises of the engine share: no closure per promise. Read the results at once. */
export function capture(resolve: (value: never) => void, reject: (reason: unknown) => void): void {
  resolveOf = resolve as (value: unknown) => void;
  rejectOf = reject;
}

/** The same for a promise that is never rejected. */
export function captureResolve(resolve: (value: never) => void): void {
  resolveOf = resolve as (value: unknown) => void;
}

/** Whether `await` would wait for more than a microtask. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value instanceof Promise) return true;
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  return typeof (value as { then?: unknown }).then === 'function';
}
