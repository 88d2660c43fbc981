import { originals } from './world/originals.ts';

/** Calls that run every pending microtask and `nextTick` callback before they return. */
export type Drain = () => void;

/**
 * The synchronous drain of this runtime, or `undefined` where a step needs a turn of the real loop.
 * Feature test: a microtask queued before the call must have run after it.
 * Must be called from a macrotask; inside a microtask no runtime can drain.
 */
export function findDrain(): Drain | undefined {
  const tick = (process as unknown as { _tickCallback?: Drain })._tickCallback;
  if (typeof tick !== 'function') return undefined;
  let ran = false;
  queueMicrotask(() => {
    ran = true;
  });
  tick();
  return ran ? tick : undefined;
}

/**
 * After an error in a `nextTick` callback has left the drain: Node's own handler of uncaught exceptions clears
 * the stack of async ids that the callback left behind; without it Node aborts at the end of the macrotask.
 */
export function recoverFromThrow(error: unknown): void {
  const recover = (process as unknown as { _fatalException?: (error: unknown) => boolean })._fatalException;
  recover?.call(process, error);
}

/** A turn of the loop is being asked for by the engine, and by nobody else. */
export let isTurning = false;

/** Runs `then` in the next turn of the real loop. */
export function nextTurn(then: () => void): void {
  isTurning = true;
  originals.setImmediate(then);
  isTurning = false;
}
