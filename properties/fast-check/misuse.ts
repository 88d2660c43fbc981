import { StraddleError } from '../../scheduler/error.ts';

/** For a property whose predicate is not asynchronous. */
export function synchronousProperty(): StraddleError {
  return new StraddleError(
    'usage',
    'interleavings() needs an asynchronous property: write fc.asyncProperty(…) instead of fc.property(…).',
  );
}

/** If `value` has a scheduler of fast-check's in it: two schedulers cannot order the same tasks. */
export function mixedSchedulers(value: unknown): StraddleError | undefined {
  if (!hasScheduler(value, 3)) return undefined;
  return new StraddleError(
    'usage',
    'This property uses fc.scheduler() under interleavings(): take schedulerFrom(currentSim()) instead of it.',
  );
}

function hasScheduler(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if ('scheduleSequence' in value && 'waitAll' in value) return true;
  if (depth === 0) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) return false;
  return Object.values(value).some((part) => hasScheduler(part, depth - 1));
}
