import { asyncWrapPrototype, hookAssignment, type NativeFunction } from './native.ts';

/** Calls the function that native code wanted to call. */
export type Call = (...args: unknown[]) => unknown;

/**
 * Who answers for a native object: what native code calls back on it becomes an operation instead of running
 * in the host's turn of the loop.
 */
export interface Target {
  /** Code of the execution runs: what calls back then was called by that code, synchronously. */
  readonly isRunning: boolean;
  /** Its execution is over: nothing of it runs any more. */
  readonly stale: boolean;
  /** Native code calls `callback` with `args`, in the host's turn. */
  cross(callback: string, call: Call, args: readonly unknown[]): void;
  /** The same after the execution's end: takes back what came with the call. */
  drop?(callback: string, args: readonly unknown[]): void;
}

/** By native object. An object that is not here belongs to the host. */
export const targets = new WeakMap<object, Target>();

/** The properties under which native code finds the functions that it calls. */
const CALLBACKS = [
  ...['oncomplete', 'ondone', 'onexit', 'onmessage', 'onchange', 'onerror', 'onsignal'],
  ...['onhandshakedone', 'onclienthello', 'oncertcb', 'onnewsession', 'onocspresponse'],
];

const crossings = new WeakSet<object>();

/**
 * Sees to it that what native code finds under `name` crosses over; some objects are made with that property, others
 * will get it.
 */
export function cross(object: object, name: string): void {
  const record = object as Record<string, unknown>;
  const callback = record[name];
  if (typeof callback === 'function') {
    if (!crossings.has(callback)) record[name] = crossing(name, callback as never);
    return;
  }
  Object.defineProperty(object, name, {
    get: () => undefined,
    set(given: NativeFunction) {
      const value = crossings.has(given) ? given : crossing(name, given);
      Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: true });
    },
    configurable: true,
    enumerable: true,
  });
}

/** `callback` as native code finds it: it runs at once if it belongs to the host, otherwise when it is chosen. */
export function crossing(name: string, callback: NativeFunction): NativeFunction {
  const wrapped = function (this: unknown, ...args: unknown[]): unknown {
    const target = targets.get(this as object);
    if (target === undefined || target.isRunning) return callback.apply(this, args);
    if (target.stale) target.drop?.(name, args);
    else target.cross(name, (...given) => callback.apply(this, given), args);
    return undefined;
  };
  crossings.add(wrapped);
  return wrapped;
}

/**
 * Sees to it that every callback which code of an execution leaves on a native object crosses over.
 * `left` is told about each such object.
 */
export function hookCallbacks(left: (object: object) => void): void {
  const prototype = asyncWrapPrototype();
  if (prototype === undefined) return;
  for (const name of CALLBACKS) {
    hookAssignment(prototype, name, (object, callback) => {
      if (typeof callback !== 'function') return callback;
      left(object);
      return crossing(name, callback as NativeFunction);
    });
  }
}
