import { naturalOrder, type Chooser } from '../scheduler/chooser.ts';
import type { Plan } from '../scheduler/control.ts';
import type { Op } from '../scheduler/op.ts';
import { reachOf } from '../scheduler/reach.ts';
import { minimise } from './minimise.ts';
import { better, type Granularity, type Schedule, type Trials } from './trials.ts';

/** Random executions spent on each greater reach. */
const WALKS = 100;

/**
 * Looks for the same failure where more can reach it: at the granularity of macrotasks, where Node can do it
 * today; and, if awaits of settled values are overtaken, among schedules that overtake pending ones only.
 */
export function* raise(trials: Trials, found: Schedule, random: () => number): Plan<Schedule> {
  let best = yield* lowered(trials, found);
  if (best.reach === 'today') return best;
  const today = yield* walk(trials, 'macrotask', random, () => true);
  if (today !== undefined) best = better(best, today);
  if (best.reach !== 'tick') return best;
  const latent = yield* walk(trials, 'await', random, (op) => reachOf(op) !== 'tick');
  return latent === undefined ? best : better(best, yield* lowered(trials, latent));
}

/** An overtaking that only native reactions show lowers the reach. */
function* lowered(trials: Trials, schedule: Schedule): Plan<Schedule> {
  return (yield* trials.isOvertaken(schedule)) ? { ...schedule, reach: 'tick' } : schedule;
}

/** Natural order, then random walks that overtake nothing but what `may` allows; the first failure, minimised. */
function* walk(
  trials: Trials,
  granularity: Granularity,
  random: () => number,
  may: (op: Op) => boolean,
): Plan<Schedule | undefined> {
  const chooser = new CautiousWalk(random, may);
  for (let i = 0; i < WALKS && trials.left > 0; i++) {
    const trial = yield* trials.run(i === 0 ? naturalOrder : chooser, granularity);
    if (!trial.same) continue;
    const natural = trials.scheduleOf(trial, 'natural', granularity);
    return yield* minimise(trials, natural, trials.scheduleOf(trial, 'steady', granularity));
  }
  return undefined;
}

/** The random walk among the operations that overtake nothing forbidden. */
class CautiousWalk implements Chooser {
  readonly bursts = false;
  readonly #random: () => number;
  readonly #may: (op: Op) => boolean;

  constructor(random: () => number, may: (op: Op) => boolean) {
    this.#random = random;
    this.#may = may;
  }

  choose(enabled: readonly Op[]): number {
    const barrier = enabled.findIndex((op) => !this.#may(op));
    return Math.floor(this.#random() * (barrier < 0 ? enabled.length : barrier + 1));
  }

  join(_enabled: readonly Op[], _step: number, natural: boolean): number {
    return natural ? 0 : -1;
  }

  take(): number {
    return 0;
  }
}
