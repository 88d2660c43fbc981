/**
 * The production hook. This file imports nothing, so that code under test can carry it at no cost.
 *
 * The slot lives on `globalThis` under a registered symbol: a bundler or a test runner may load this
 * module twice, and both copies must reach the same engine.
 */

/** Where an instrumented `await` or reaction stands in the user's source. */
export interface Site {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  /** The awaited expression as written. */
  readonly text: string;
  /** The enclosing function's name, or '' at the top level. */
  readonly fn: string;
  /** The name given by a `// straddle: name` comment. */
  readonly name?: string;
}

/** What an engine puts into the slot while it holds the loop. */
export interface Hook {
  point(name: string, key: unknown): Promise<void>;
  hop(value: unknown, site: Site): unknown;
}

/** The one slot; empty in production. */
export interface Slot {
  hook: Hook | undefined;
}

const global = globalThis as unknown as Record<symbol, Slot | undefined>;

/** @internal */
export const slot: Slot = (global[Symbol.for('straddle.slot.v1')] ??= { hook: undefined });

const passed: Promise<void> = Promise.resolve();

/**
 * Marks a named scheduling point: in a controlled execution the caller waits here until the scheduler lets
 * it go on, and any other task may run first. Everywhere else it costs one load and one branch.
 *
 * @param name what happens here, for instance `'add:checked'`; gates, scripts and reports use it.
 * @param key  tells apart points of one name (a pid, an address); compared with `Object.is`.
 */
export function point(name: string, key?: unknown): Promise<void> {
  return slot.hook === undefined ? passed : slot.hook.point(name, key);
}

/**
 * The entry that instrumented code calls: `await e` becomes `await hop(e, site)`.
 * Outside a controlled execution, and for a value that is no thenable, it returns the value itself.
 */
export function hop<T>(value: T, site: Site): T {
  return slot.hook === undefined ? value : (slot.hook.hop(value, site) as T);
}
