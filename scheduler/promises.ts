/** The intrinsic, whatever a body does to the prototype. */
// Not called `then`: a module with such an export would be a thenable.
export const promiseThen = Promise.prototype.then;

export const settledPromise: Promise<void> = Promise.resolve();

/** What settles a promise. */
export interface Settler {
  resolve: ((value: unknown) => void) | undefined;
  reject?: ((reason: unknown) => void) | undefined;
}

/** Whose promise is being made: the executors are shared, so that no promise costs a closure. */
let settler: Settler;

// Constants: V8 inlines an executor only if it knows that it is always the same.
const takeBoth = (resolve: (value: unknown) => void, reject: (reason: unknown) => void): void => {
  settler.resolve = resolve;
  settler.reject = reject;
};
const takeResolve = (resolve: (value: never) => void): void => {
  settler.resolve = resolve as (value: unknown) => void;
};

/** A promise that is settled through `of`. */
export function promiseFor(of: Settler): Promise<unknown> {
  settler = of;
  return new Promise(takeBoth);
}

/** The same for a promise that is never rejected. */
export function resolvedBy(of: Settler): Promise<void> {
  settler = of;
  return new Promise(takeResolve);
}

/** Whether `await` would wait for more than a microtask. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value instanceof Promise) return true;
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  return typeof (value as { then?: unknown }).then === 'function';
}
