import { StraddleError } from '../error.ts';
import type { EnabledOp } from '../op.ts';
import type { Strategy } from '../strategy.ts';
import { mustKnow } from './options.ts';

export interface PosOptions {
  /**
   * Whether the order of two pending operations can matter. Symmetric. Default: both are at a point with the
   * same key.
   */
  readonly conflicts?: (a: EnabledOp, b: EnabledOp) => boolean;
}

/**
 * Partial order sampling. Every pending operation has a random priority and the highest runs; the pending
 * operations that conflict with it then draw again, because their order to what comes next is still open.
 * Without conflicts an operation that draws low waits long: late arrivals that random walks hardly ever show.
 *
 * Source: Yuan, Yang, Gu, "Partial order aware concurrency sampling", CAV 2018. Departure: which operations race
 * is not known in JavaScript, so those at points with the same key are taken to.
 *
 * @throws StraddleError `usage` if `conflicts` is no function.
 */
export function pos(options: PosOptions = {}): Strategy {
  mustKnow('pos', options, ['conflicts']);
  const { conflicts = sameKey } = options;
  if (typeof conflicts !== 'function') {
    throw new StraddleError('usage', "pos's option 'conflicts' must be a function of two operations.");
  }
  let random: () => number = Math.random;
  /** By number of the operation; 0 where it must draw again. */
  const priorities: number[] = [];
  return {
    name: 'pos',
    independent: true,
    begin(info) {
      random = info.random;
      priorities.length = 0;
      return true;
    },
    choose(enabled) {
      if (enabled.length === 1) return 0;
      let best = 0;
      let highest = -1;
      for (let i = 0; i < enabled.length; i++) {
        const priority = (priorities[enabled[i]!.id] ||= 1 - random());
        if (priority > highest) {
          highest = priority;
          best = i;
        }
      }
      const chosen = enabled[best]!;
      for (const op of enabled) if (op !== chosen && conflicts(chosen, op)) priorities[op.id] = 0;
      return best;
    },
  };
}

function sameKey(a: EnabledOp, b: EnabledOp): boolean {
  return a.key !== undefined && a.key === b.key;
}
