import { StraddleError } from '../scheduler/error.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { fingerprint } from '../scheduler/prints.ts';
import { JOINED } from '../scheduler/trace.ts';
import { nameOfStep } from './trials.ts';

/**
 * One part of a split exploration, counted from 1: of the executions every `of`-th, from `index` on. Those that others
 * build on are run by every part, and counted by one.
 */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

/** What names the shard of every exploration of a process: `2/3`. */
export const SHARD_VARIABLE = 'STRADDLE_SHARD';

/**
 * Reads `2/3`.
 * @param name what to call it in the error.
 * @throws StraddleError `usage`.
 */
export function parseShard(text: string, name: string): Shard {
  const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text)?.map(Number) ?? [];
  if (index === undefined || of === undefined || index < 1 || index > of) {
    throw new StraddleError('usage', `${name} must be one part of several, such as 1/3, not '${text}'.`);
  }
  return { index, of };
}

/** The distinct schedules of a shard by hashes of their names, which are the same on every machine. */
export class Schedules {
  readonly #hashes = new Set<string>();

  add(scheduler: Scheduler): void {
    const { trace } = scheduler;
    const nameOf = nameOfStep(scheduler);
    let names = '';
    for (let step = 0; step < trace.length; step++) {
      const took = trace.took.get(step);
      names += `${trace.has(step, JOINED) ? '+' : '\n'}${nameOf(step)}${took === undefined ? '' : ` after ${took} ms`}`;
    }
    this.#hashes.add(fingerprint(names));
  }

  get list(): readonly string[] {
    return [...this.#hashes];
  }
}
