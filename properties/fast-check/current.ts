import { StraddleError } from '../../scheduler/error.ts';
import type { Sim } from '../../scheduler/sim.ts';

let current: Sim | undefined;

/** Sets what `currentSim` returns, at the start of an execution and, to `undefined`, after the last one. */
export function setCurrentSim(sim: Sim | undefined): void {
  current = sim;
}

/**
 * The `Sim` of the execution that runs now: a predicate under `interleavings()` gets its values as arguments, so it
 * asks for the `sim` here. Call it in the predicate itself, not later from something that outlives its execution.
 * @throws StraddleError `usage` where no property runs under `interleavings()`.
 */
export function currentSim(): Sim {
  if (current !== undefined) return current;
  throw new StraddleError(
    'usage',
    'There is no execution here: currentSim() works in a predicate that runs under interleavings().',
  );
}
