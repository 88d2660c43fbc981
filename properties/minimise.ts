import { ReplayChooser } from '../scheduler/chooser.ts';
import type { Engine, Plan } from '../scheduler/control.ts';
import type { RawFailure } from '../scheduler/failure.ts';
import { deviationsOf, type Deviation } from '../scheduler/schedule.ts';
import type { Executions } from './executions.ts';

/** Most executions that minimising may spend. */
const MOST_RUNS = 2_000;

/** True if the second failure is the first one again: the kind, and for a thrown error its message. */
export function sameFailure(a: RawFailure, b: RawFailure | undefined): boolean {
  if (b === undefined || a.kind !== b.kind) return false;
  return (a.kind !== 'error' && a.kind !== 'unhandled-rejection') || a.message === b.message;
}

/**
 * Delta debugging (Zeller and Hildebrandt, 2002) of a failing schedule's deviations: what is left fails in the
 * same way, and no single deviation can be dropped. A candidate is replayed by name, so that dropping an early
 * deviation does not lose the later ones; what it really did is what counts.
 */
export function* minimise(
  engine: Engine,
  executions: Executions,
  failure: RawFailure,
  deviations: readonly Deviation[],
): Plan<readonly Deviation[]> {
  let best = deviations;
  let left = MOST_RUNS;

  function* fails(candidate: readonly Deviation[]): Plan<boolean> {
    left--;
    yield executions.replay(new ReplayChooser(candidate));
    if (engine.interrupted || !sameFailure(failure, engine.scheduler.failure)) return false;
    const { trace, tasks, labels } = engine.scheduler;
    const done = deviationsOf(trace, tasks, labels);
    if (done.length >= best.length) return false;
    best = done;
    return true;
  }

  if (best.length > 0 && (yield* fails([]))) return best;
  for (let size = Math.ceil(best.length / 2); size >= 1;) {
    let dropped = false;
    for (let from = 0; from < best.length && left > 0 && !engine.interrupted;) {
      if (yield* fails([...best.slice(0, from), ...best.slice(from + size)])) dropped = true;
      else from += size;
    }
    if (left <= 0 || engine.interrupted) break;
    // At single deviations: once more over all of them until none can be dropped.
    if (size === 1 && !dropped) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
  }
  return best;
}
