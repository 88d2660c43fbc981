import { StraddleError } from '../../scheduler/error.ts';
import { STDERR_TAIL_BYTES } from './limits.ts';
import { metricValue, type Metric } from './metrics.ts';
import { tail } from './tail.ts';

/** A condition on the outcome of a program. Plain data; made by `min`, `max`, `range`, `exists`, `exitCodeEq`. */
export type Check = MetricCheck | { readonly kind: 'exit-code'; readonly expected: number };

type MetricCheck =
  | { readonly kind: 'min'; readonly metric: string; readonly min: number }
  | { readonly kind: 'max'; readonly metric: string; readonly max: number }
  | { readonly kind: 'range'; readonly metric: string; readonly min: number; readonly max: number }
  | { readonly kind: 'exists'; readonly metric: string };

/** A check that did not hold, and why in one sentence. */
export interface CheckFailure {
  readonly check: Check;
  readonly message: string;
}

/** The metric is at least `bound`. Throws `StraddleError` if the bound is NaN. */
export function min(metric: string, bound: number): Check {
  return { kind: 'min', metric, min: number(bound) };
}

/** The metric is at most `bound`. Throws `StraddleError` if the bound is NaN. */
export function max(metric: string, bound: number): Check {
  return { kind: 'max', metric, max: number(bound) };
}

/** The metric lies between the two bounds, which are in. Throws `StraddleError` if they are reversed or NaN. */
export function range(metric: string, lo: number, hi: number): Check {
  if (number(lo) > number(hi)) {
    throw new StraddleError('payload-argument', `range('${metric}', ${lo}, ${hi}): lo must be <= hi.`);
  }
  return { kind: 'range', metric, min: lo, max: hi };
}

/** The program reported the metric, with whatever value. */
export function exists(metric: string): Check {
  return { kind: 'exists', metric };
}

/** The program ended with this exit code; -1 stands for death by a signal. */
export function exitCodeEq(expected: number): Check {
  if (!Number.isInteger(expected)) {
    throw new StraddleError('payload-argument', `exitCodeEq(${expected}): an exit code is a whole number.`);
  }
  return { kind: 'exit-code', expected };
}

/**
 * The checks that do not hold. The first wrong exit code is the only failure then: the metrics of a program that
 * failed say nothing. Otherwise every check on a metric is judged on its own.
 */
export function evaluateChecks(
  checks: readonly Check[],
  outcome: { readonly exitCode: number; readonly stderr: string; readonly metrics: readonly Metric[] },
): readonly CheckFailure[] {
  const failures: CheckFailure[] = [];
  for (const check of checks) {
    if (check.kind === 'exit-code') {
      if (check.expected === outcome.exitCode) continue;
      return [{ check, message: wrongExitCode(outcome.exitCode, check.expected, outcome.stderr) }];
    }
    const message = complaint(check, metricValue(outcome.metrics, check.metric));
    if (message !== undefined) failures.push({ check, message });
  }
  return failures;
}

function complaint(check: MetricCheck, value: number | undefined): string | undefined {
  const metric = `metric '${check.metric}'`;
  if (value === undefined) return `${metric} was not found in the output`;
  if (check.kind === 'exists') return undefined;
  if (Number.isNaN(value)) return `${metric}: its value is NaN`;
  switch (check.kind) {
    case 'min':
      return value < check.min ? `${metric} = ${value} is below minimum ${check.min}` : undefined;
    case 'max':
      return value > check.max ? `${metric} = ${value} exceeds maximum ${check.max}` : undefined;
    case 'range':
      if (value >= check.min && value <= check.max) return undefined;
      return `${metric} = ${value} is outside [${check.min}, ${check.max}]`;
  }
}

function wrongExitCode(actual: number, expected: number, stderr: string): string {
  const message = `payload exited with code ${actual}, expected ${expected}`;
  const said = stderr.trimEnd();
  return said === '' ? message : `${message}; stderr:\n${tail(said, STDERR_TAIL_BYTES)}`;
}

function number(bound: number): number {
  if (typeof bound === 'number' && !Number.isNaN(bound)) return bound;
  throw new StraddleError('payload-argument', `a bound of a metric check must be a number, not ${String(bound)}.`);
}
