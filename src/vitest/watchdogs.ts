import { dispatcher, worldSlot, type AnyFunction } from '../../scheduler/world/dispatch.ts';
import type { World } from '../../scheduler/world/install.ts';

type Timers = Record<string, AnyFunction>;

const VIRTUAL: Record<string, (world: World) => AnyFunction> = {
  setTimeout: ({ timers }) => timers.watchTimeout as AnyFunction,
  clearTimeout: ({ timers }) => timers.clearTimeout as AnyFunction,
  setInterval: ({ timers }) => timers.watchInterval as AnyFunction,
  clearInterval: ({ timers }) => timers.clearTimeout as AnyFunction,
};

/**
 * Vitest keeps the host's timers in a table of its own, past every fake. `vi.waitFor`, `vi.waitUntil` and
 * `expect.poll` take them from there when they are called, and must see virtual time while a body runs, but never
 * look too early or give up because time ran ahead of the work that they wait for. The
 * time-outs of tests and hooks take theirs when these are declared, and stay real.
 */
export function controlWatchdogs(): void {
  const symbol = Object.getOwnPropertySymbols(globalThis).find(
    ({ description }) => description === 'vitest:SAFE_TIMERS',
  );
  const table = symbol && (globalThis as unknown as Record<symbol, Timers | undefined>)[symbol];
  if (table === undefined || controlled.has(table)) return;
  controlled.add(table);
  for (const [name, virtual] of Object.entries(VIRTUAL)) {
    const original = table[name];
    if (original === undefined) continue;
    const dispatch = dispatcher(original, virtual);
    const real = outsideOf(original);
    Object.defineProperty(table, name, {
      configurable: true,
      enumerable: true,
      get: () => (worldSlot.world === undefined ? real : dispatch),
    });
  }
}

/** The host's own timer is none that the code under test has set, even where an execution makes the host set it. */
function outsideOf(original: AnyFunction): AnyFunction {
  return function (this: unknown, ...args: unknown[]) {
    const { world } = worldSlot;
    worldSlot.world = undefined;
    try {
      return Reflect.apply(original, this, args) as unknown;
    } finally {
      worldSlot.world = world;
    }
  };
}

const controlled = new WeakSet<Timers>();
