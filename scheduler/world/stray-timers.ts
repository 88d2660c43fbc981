import { deepStack, isNodes, placeOfNow, siteOfStack, stackOf } from '../sites.ts';
import { hookAssignment } from './native.ts';
import { originals } from './originals.ts';

interface NodeTimeout {
  readonly _destroyed: boolean;
  hasRef(): boolean;
}

/** Of a stack: enough for whoever called what made the timer. */
const CALLER_FRAMES = 8;

/**
 * Real timers that code under test sets, through functions that it took before straddle was loaded. They cannot
 * be controlled, but they are seen when they are made: Node's own class says so. Those that Node's other
 * modules set for themselves are no concern of the test.
 */
export class StrayTimers {
  readonly #timers = new Set<NodeTimeout>();
  readonly #found: (site: () => string) => void;

  /** @param found is told, in the same call, how to learn the place. */
  constructor(found: (site: () => string) => void) {
    this.#found = found;
    const sample = (originals.setTimeout as (run: () => void) => object)(() => undefined);
    originals.clearTimeout(sample as never);
    hookAssignment(Object.getPrototypeOf(sample) as object, '_idleTimeout', (timer, delay) => {
      this.#made(timer as NodeTimeout);
      return delay;
    });
  }

  #made(timer: NodeTimeout): void {
    const frames = stackOf(placeOfNow(CALLER_FRAMES))?.split('\n') ?? [];
    // `new Timeout` was called by one of Node's functions, and that by whoever wants a timer.
    const caller = frames[frames.findIndex((frame) => frame.includes('new Timeout ')) + 2];
    if (caller === undefined || isNodes(caller)) return;
    this.#timers.add(timer);
    this.#found(() => siteOfStack(deepStack()) ?? 'an unknown place');
  }

  /** Some of them will still fire. */
  get areRunning(): boolean {
    for (const timer of this.#timers) if (timer._destroyed) this.#timers.delete(timer);
    for (const timer of this.#timers) if (timer.hasRef()) return true;
    return false;
  }

  reset(): void {
    if (this.#timers.size > 0) this.#timers.clear();
  }
}
