import type { World } from './install.ts';

/**
 * The world that is in place while the engine holds the loop. It lives on `globalThis`, as the slot of
 * `point.ts` does: dispatchers may have been installed by another copy of this module than the engine's.
 */
interface WorldSlot {
  world: World | undefined;
  /** Every function that stands in for one of the host's, whichever copy made it. */
  readonly dispatchers: WeakSet<object>;
}

const global = globalThis as unknown as Record<symbol, WorldSlot | undefined>;

export const worldSlot: WorldSlot = (global[Symbol.for('straddle.world.v1')] ??= {
  world: undefined,
  dispatchers: new WeakSet(),
});

export type AnyFunction = (this: unknown, ...args: never[]) => unknown;

/**
 * A thin function in place of one of the host's: while an execution runs it goes to the virtual world,
 * otherwise straight to the original. It looks like the original: name, length and properties.
 */
export function dispatcher<F extends AnyFunction>(original: F, virtual: (world: World) => AnyFunction): F {
  const dispatch = function (this: unknown, ...args: never[]): unknown {
    const { world } = worldSlot;
    if (world === undefined) return original.apply(this, args);
    return virtual(world).apply(this, args);
  };
  return disguise(dispatch as F, original);
}

/** Gives `replacement` the name, the length and every other own property of `original`, except `prototype`. */
export function disguise<F extends AnyFunction>(replacement: F, original: AnyFunction): F {
  for (const key of Reflect.ownKeys(original)) {
    if (key === 'prototype') continue;
    const descriptor = Object.getOwnPropertyDescriptor(original, key)!;
    Object.defineProperty(replacement, key, { ...descriptor, configurable: true });
  }
  worldSlot.dispatchers.add(replacement);
  return replacement;
}

/** Whether it stands in for one of the host's functions already. */
export function isDispatcher(value: unknown): boolean {
  return typeof value === 'function' && worldSlot.dispatchers.has(value);
}
