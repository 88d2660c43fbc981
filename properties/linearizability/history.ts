import { StraddleError } from '../../scheduler/error.ts';

/** A method call, as a model sees it. */
export interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** When a call was made and what came of it, in ticks of a logical clock: only their order counts. */
export interface Timing {
  /** The task or client that made the call; needed for sequential consistency. */
  readonly client?: string;
  readonly called: number;
  /** Absent while the operation is pending: it may or may not have taken effect. */
  readonly returned?: number;
  readonly result?: unknown;
  /** Present, instead of a result, if the call threw or its promise was rejected. */
  readonly error?: unknown;
}

/** One operation of a history: a call with its timing and outcome. */
export type Operation<C extends Call = Call> = C & Timing;

/** The calls that an object of type `T` takes, one member for each method. */
export type CallsOf<T> = {
  [K in keyof T & string]: T[K] extends (...args: infer A) => unknown
    ? { readonly name: K; readonly args: Readonly<A> }
    : never;
}[keyof T & string];

/** An object whose calls are recorded, and the history that grows with them, in the order of the calls. */
export interface Recording<T> {
  readonly object: T;
  readonly history: readonly Operation<CallsOf<T>>[];
}

/**
 * Wraps an object so that the invocation and the response of each method call from outside are recorded. A call
 * that returns a promise responds when the promise settles; its result is the value, and a rejection counts as
 * handled, because the history holds it. Calls that the object makes on itself are not recorded, and a method
 * that returns the object itself returns the wrapper, recorded as `undefined`. Arguments and results of plain data
 * are copied when they pass, so that later changes do not rewrite the history.
 *
 * @param options.client names the caller at each call, for example the current task.
 * @throws StraddleError `usage` if there is no object to wrap.
 */
export function recorded<T extends object>(object: T, options: { client?: () => string } = {}): Recording<T> {
  if (Object(object) !== object)
    throw new StraddleError('usage', `Only an object can be recorded, not ${String(object)}.`);
  const history: Recorded[] = [];
  const methods = new Map<string, { original: unknown; wrapper: unknown }>();
  let clock = 0;

  const settle = (operation: Recorded, outcome: { result: unknown } | { error: unknown }) => {
    Object.assign(operation, { returned: ++clock }, outcome);
  };

  const record = (name: string, method: (...args: unknown[]) => unknown, args: unknown[]) => {
    const operation: Recorded = { name, args: args.map(snapshot), called: ++clock };
    if (options.client) operation.client = options.client();
    history.push(operation);
    let result: unknown;
    try {
      // The target as `this`: private fields work, and inner calls stay unrecorded.
      result = Reflect.apply(method, object, args);
    } catch (error) {
      settle(operation, { error });
      throw error;
    }
    if (isThenable(result)) {
      // The caller gets the very same promise, so that recording adds no microtask to the code under test.
      const promise = result instanceof Promise ? result : Promise.resolve(result);
      promise.then(
        (value: unknown) => settle(operation, { result: value === object ? undefined : snapshot(value) }),
        (error: unknown) => settle(operation, { error }),
      );
      return promise;
    }
    settle(operation, { result: result === object ? undefined : snapshot(result) });
    return result === object ? proxy : result;
  };

  const proxy: T = new Proxy(object, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function' || property === 'constructor') return value;
      if (typeof property === 'symbol') return value.bind(target);
      const known = methods.get(property);
      if (known?.original === value) return known.wrapper;
      const wrapper = (...args: unknown[]) => record(property, value as (...args: unknown[]) => unknown, args);
      methods.set(property, { original: value, wrapper });
      return wrapper;
    },
    set: (target, property, value) => Reflect.set(target, property, value, target),
  });
  return { object: proxy, history: history as unknown as readonly Operation<CallsOf<T>>[] };
}

type Recorded = { -readonly [K in keyof Operation]: Operation[K] };

/**
 * A copy of plain data: primitives, arrays, plain objects, maps, sets. Anything else is itself: a copy of a class
 * instance would be no instance, and a function cannot be copied.
 */
export function snapshot(value: unknown): unknown {
  if (!isPlain(value)) return value;
  try {
    return structuredClone(value);
  } catch {
    return value;
  }
}

function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return [null, Object.prototype, Array.prototype, Map.prototype, Set.prototype].includes(prototype as object | null);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return Object(value) === value && typeof (value as { then?: unknown }).then === 'function';
}

/**
 * The operations in the order of their calls.
 *
 * @throws StraddleError `history` for an operation that is none, or that responds before it is called.
 */
export function checkedHistory<C extends Call>(history: readonly Operation<C>[]): Operation<C>[] {
  if (!Array.isArray(history)) throw new StraddleError('history', 'A history is an array of operations.');
  for (const [index, operation] of history.entries()) {
    const { name, args, called, returned } = (operation ?? {}) as Partial<Operation>;
    const which = `Operation ${index + 1} of the history`;
    if (typeof name !== 'string' || !Array.isArray(args) || called === undefined || !Number.isFinite(called))
      throw new StraddleError('history', `${which} lacks a name, a list of arguments, or the time of its call.`);
    if (returned !== undefined && !(returned > called && returned < Infinity))
      throw new StraddleError('history', `${which}, ${name}, responds at ${returned} but is called at ${called}.`);
  }
  return history.toSorted((a, b) => a.called - b.called);
}
