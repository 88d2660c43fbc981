import { StraddleError } from '../../scheduler/error.ts';
import type { Timing } from './history.ts';

/**
 * What a history must be equivalent to a sequential one under.
 * - `linearizable`: real time; an operation that responded before another was called comes first
 *   (Herlihy and Wing, TOPLAS 1990).
 * - `sequential`: program order only; each client's operations in its own order (Lamport 1979).
 * - `quiescent`: operations with a moment between them at which none was in progress keep their order
 *   (Aspnes, Herlihy and Shavit, JACM 1994). A pending operation is in progress for ever.
 */
export type Consistency = 'linearizable' | 'sequential' | 'quiescent';

/**
 * An operation as the search places it: `a` must come before `b` if they share a lane and `a.to < b.from`.
 * All three conditions come down to this, with other lanes and other ends.
 */
export interface Interval {
  readonly lane: string;
  readonly from: number;
  /** Infinity: it may be left out. */
  readonly to: number;
}

/**
 * @param operations in the order of their calls.
 * @throws StraddleError `history` if sequential consistency is asked of operations without a client.
 */
export function intervals(operations: readonly Timing[], consistency: Consistency): Interval[] {
  switch (consistency) {
    case 'linearizable':
      return operations.map(({ called, returned }) => ({ lane: '', from: called, to: returned ?? Infinity }));
    case 'sequential':
      return operations.map(({ client, called, returned }) => {
        if (client === undefined)
          throw new StraddleError(
            'history',
            'Sequential consistency needs the client of every operation: pass recorded() a function that names it.',
          );
        return { lane: client, from: called, to: returned ?? Infinity };
      });
    case 'quiescent':
      return epochs(operations);
    default:
      throw new StraddleError(
        'usage',
        `Consistency is 'linearizable', 'sequential' or 'quiescent', not ${JSON.stringify(consistency satisfies never)}.`,
      );
  }
}

/** Stretches each operation over the whole busy period between two quiescent moments that it belongs to. */
function epochs(operations: readonly Timing[]): Interval[] {
  let epoch = 0;
  let busyUntil = -Infinity;
  return operations.map(({ called, returned }) => {
    if (called > busyUntil) epoch++;
    busyUntil = Math.max(busyUntil, returned ?? Infinity);
    return { lane: '', from: epoch, to: returned === undefined ? Infinity : epoch };
  });
}
