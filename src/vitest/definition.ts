import { StraddleError } from '../../scheduler/error.ts';
import { settle, type ExploreOptions } from '../../properties/options.ts';

/** Vitest's own options for one test. */
export interface TestOptions {
  /** Real milliseconds for all executions together, hooks included; default: Vitest's `testTimeout`. */
  timeout?: number;
  /** How often the whole exploration is repeated if it fails; default 0. */
  retry?: number;
  tags?: string | string[];
  meta?: Record<string, unknown>;
}

export type InterleavingsOptions = ExploreOptions & TestOptions;

/** A test as `test.interleavings` was asked for it. */
export interface Definition {
  readonly options: ExploreOptions;
  readonly vitest: TestOptions;
  /** It may have fixtures of `test.extend`. */
  readonly extended: boolean;
  /** Where it stands in the test file. */
  readonly stack: string | undefined;
}

const OWN = ['timeout', 'retry', 'tags', 'meta'] as const;

/**
 * Parts Vitest's options from those of the exploration.
 * @throws StraddleError `usage` for the first option that is wrong.
 */
export function define(options: InterleavingsOptions, about: Pick<Definition, 'extended' | 'stack'>): Definition {
  const exploring: Record<string, unknown> = { ...options };
  const vitest: Record<string, unknown> = {};
  for (const name of OWN) {
    if (!(name in exploring)) continue;
    vitest[name] = exploring[name];
    Reflect.deleteProperty(exploring, name);
  }
  const { timeout } = vitest;
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout >= 0)) {
    throw new StraddleError('usage', `timeout must be a number of milliseconds of 0 or more, not ${String(timeout)}.`);
  }
  settle(exploring);
  return { options: exploring, vitest, ...about };
}
