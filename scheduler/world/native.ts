import { worldSlot } from './dispatch.ts';

/**
 * The native side of Node's own modules. `process.binding` hands out the very objects that they use, so that
 * whatever asks for I/O passes here, however user code came by the function that asks.
 */

/** A class that native code defines. */
export interface NativeClass {
  readonly prototype: object;
  new (...args: never[]): object;
}

export type NativeFunction = (this: unknown, ...args: unknown[]) => unknown;
export type NativeModule = Record<string, unknown>;

/** A module of native functions and classes, or `undefined` where the runtime hides it. */
export function nativeModule(name: string): NativeModule | undefined {
  const host = process as unknown as { binding?: (name: string) => NativeModule; noDeprecation?: boolean };
  const { noDeprecation } = host;
  try {
    // Deprecated for applications; the warning would blame the code under test.
    host.noDeprecation = true;
    return host.binding?.(name);
  } catch {
    return undefined;
  } finally {
    if (noDeprecation === undefined) delete host.noDeprecation;
    else host.noDeprecation = noDeprecation;
  }
}

/** The prototype of a native class, or `undefined` where the runtime hides it. */
export function nativePrototype(module: string, name: string): object | undefined {
  return (nativeModule(module)?.[name] as NativeClass | undefined)?.prototype;
}

/** What all objects that native code calls back inherit from. */
export function asyncWrapPrototype(): object | undefined {
  const request = nativePrototype('tcp_wrap', 'TCPConnectWrap');
  return request && (Object.getPrototypeOf(request) as object);
}

/** The value of a property that Node keeps under a symbol of its own, by the symbol's description. */
export function hidden(object: object, description: string): unknown {
  const symbol = hiddenSymbol(object, description);
  return symbol && (object as Record<symbol, unknown>)[symbol];
}

/** That symbol, looked for along the prototypes. */
function hiddenSymbol(object: object, description: string): symbol | undefined {
  for (let at: object | null = object; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const symbol = Object.getOwnPropertySymbols(at).find((one) => one.description === description);
    if (symbol !== undefined) return symbol;
  }
  return undefined;
}

/**
 * Replaces a function of a native module or class for good; nothing happens where there is none. While no
 * execution runs it passes straight through: putting it in place anew in every turn would cost more.
 */
export function hook(
  owner: object | undefined,
  name: string,
  replacement: (original: NativeFunction) => NativeFunction,
): void {
  if (owner === undefined || !Object.hasOwn(owner, name)) return;
  const record = owner as Record<string, unknown>;
  const original = record[name];
  if (typeof original !== 'function') return;
  const controlled = replacement(original as NativeFunction);
  record[name] = function (this: unknown, ...args: unknown[]): unknown {
    const chosen = worldSlot.world === undefined ? (original as NativeFunction) : controlled;
    return chosen.apply(this, args);
  };
}

/** Sees every first assignment of a property that objects get from Node's own code; `set` may change the value. */
export function hookAssignment(
  prototype: object,
  name: string,
  set: (object: object, value: unknown) => unknown,
): void {
  Object.defineProperty(prototype, name, {
    get: () => undefined,
    set(this: object, given: unknown) {
      const value = worldSlot.world === undefined ? given : set(this, given);
      Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true });
    },
    configurable: true,
    enumerable: false,
  });
}
