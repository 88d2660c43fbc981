import type { RawFailure } from '../scheduler/failure.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';

/** Names that a sentence lists before it only counts. */
const MOST_NAMED = 5;

/** How the execution that has just run ended; what it left over is a failure where `leaks` says so. */
export function outcomeOf(scheduler: Scheduler, leaks: boolean): RawFailure | undefined {
  return scheduler.failure ?? (leaks ? leakOf(scheduler) : undefined);
}

/** What a passing execution left over, if anything. */
export function leakOf(scheduler: Scheduler): RawFailure | undefined {
  if (!scheduler.hasLeftovers) return undefined;
  const names = [...new Set([...scheduler.leftovers()].map((op) => `${op.task.name} at ${op.name}`))].sort();
  if (names.length === 0) return undefined;
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return {
    kind: 'leak',
    message: `Left over when the body had ended: ${names.slice(0, MOST_NAMED).join(', ')}${more}.`,
  };
}

/** Whether the second failure is the first one again: of the same kind, with the same message. */
export function sameFailure(a: RawFailure, b: RawFailure | undefined): boolean {
  return b !== undefined && a.kind === b.kind && a.message === b.message;
}

/**
 * Whether the second failure tells of the same fault: numbers in its message may differ, since they often count what
 * is lost or left over, which a smaller schedule has less of.
 */
export function sameFault(a: RawFailure, b: RawFailure): boolean {
  return a.kind === b.kind && withoutNumbers(a.message) === withoutNumbers(b.message);
}

export function hasNumbers({ message }: RawFailure): boolean {
  return /\d/.test(message);
}

function withoutNumbers(message: string): string {
  return message.replace(/\d+/g, '0');
}

/** An outcome as the end of a sentence: `it passed`, or how it failed. */
export function tellOutcome(outcome: RawFailure | undefined): string {
  return outcome === undefined ? 'it passed' : `it failed (${outcome.kind}: ${outcome.message})`;
}
