import type { Plan } from '../scheduler/control.ts';
import { ReplayChooser } from '../scheduler/replaying.ts';
import type { Deviation } from '../scheduler/schedule.ts';
import { reduce } from './reduce.ts';
import { better, type Schedule, type Trials } from './trials.ts';

/**
 * Minimises a failing schedule against each base order and keeps the better of the results: fewer early timers,
 * times taken and bursts, then greater reach, fewer preemptions, fewer tasks involved, fewer steps. Delta debugging
 * may end with deviations of which none can be dropped although fewer others would do: so what it found is told
 * against the other order and reduced again, and some of its deviations are replaced by a single other one, in turn
 * until neither helps.
 */
export function* minimise(trials: Trials, natural: Schedule, steady: Schedule): Plan<Schedule> {
  const first = yield* reduce(trials, natural, Math.floor(trials.left / 2));
  const second = yield* reduce(trials, steady);
  let best = better(first, second);
  if (best.preemptions > 1) best = better(best, yield* reduce(trials, steady, 0, true));
  best = yield* withoutAwaits(trials, best, natural, steady);
  for (let last; best !== last && !isSimple(best) && trials.left > 0;) {
    last = best;
    const turned = yield* inOtherOrder(trials, best);
    best = better(best, turned);
    for (const form of [last, turned]) {
      const replaced = yield* replace(trials, form, best);
      if (replaced !== best) best = better(replaced, yield* reduce(trials, replaced));
    }
  }
  return best;
}

/**
 * Told without awaits, if it fails so too, whichever of these it is: then Node can do it today, and what is told has
 * fewer choices.
 */
function* withoutAwaits(trials: Trials, found: Schedule, ...others: readonly Schedule[]): Plan<Schedule> {
  const { reach, granularity, awaits } = found;
  if ((isSimple(found) && reach === 'today') || granularity === 'macrotask' || !awaits) return found;
  for (const { order, deviations } of [found, ...others]) {
    if (trials.left <= 0) return found;
    const trial = yield* trials.follow({ order, granularity: 'macrotask' }, deviations);
    if (!trial.same) continue;
    const schedules = (['natural', 'steady'] as const).map((base) => trials.scheduleOf(trial, base, 'macrotask'));
    let best = found;
    for (const schedule of schedules) best = better(best, yield* reduce(trials, schedule));
    return best;
  }
  return found;
}

/** The same steps against the other base order, reduced. */
function* inOtherOrder(trials: Trials, found: Schedule): Plan<Schedule> {
  const { order, granularity, deviations } = found;
  const trial = yield* trials.follow({ order, granularity }, deviations);
  if (!trial.same) return found;
  const other = order === 'natural' ? 'steady' : 'natural';
  return yield* reduce(trials, trials.scheduleOf(trial, other, granularity));
}

/** Most places at which a single deviation is tried, in one round. */
const MOST_PLACES = 200;

/**
 * Tries a single deviation at every place, instead of all of them, of ever fewer of the last ones, and of each one
 * (iterative context bounding, Musuvathi and Qadeer, 2007, from every prefix of what was found). Returns the best of
 * the first of these that has something better than `best`, or `best`.
 */
function* replace(trials: Trials, { deviations, ...form }: Schedule, best: Schedule): Plan<Schedule> {
  const prefixes = deviations.map((_, length) => deviations.slice(0, length)).slice(0, -1);
  const allButOne = deviations.map((_, i) => deviations.toSpliced(i, 1));
  const bases = [
    ...prefixes.map((kept) => ({ kept, from: (kept.at(-1)?.step ?? 0) + 1 })),
    ...allButOne.map((kept) => ({ kept, from: 1 })),
  ];
  const leftAfter = Math.max(0, trials.left - MOST_PLACES);
  for (const base of bases) {
    if (trials.left <= leftAfter) return best;
    const found = yield* addOne(trials, form, { ...base, leftAfter }, best);
    if (found !== best) return found;
  }
  return best;
}

interface Addition {
  readonly kept: readonly Deviation[];
  /** The first step at which one is added. */
  readonly from: number;
  /** Trials that must be left. */
  readonly leftAfter: number;
}

/** The best schedule with one deviation more; or `best`. */
function* addOne(
  trials: Trials,
  { order, granularity }: Pick<Schedule, 'order' | 'granularity'>,
  { kept, from, leftAfter }: Addition,
  best: Schedule,
): Plan<Schedule> {
  const { notes } = yield* trials.run(new ReplayChooser(kept, order), granularity, true);
  let found = best;
  for (let step = from; step < notes.others.length; step++) {
    const instead = notes.ranAt(step);
    for (const other of notes.others[step] ?? []) {
      if (trials.left <= leftAfter || isSimple(found)) return found;
      const deviation = { ...other, step, instead, joined: false, took: 0 };
      const trial = yield* trials.follow({ order, granularity }, [...kept, deviation]);
      if (trial.same) found = better(found, trials.scheduleOf(trial, order, granularity));
    }
  }
  return found;
}

function isSimple({ deviations, preemptions }: Schedule): boolean {
  return deviations.length <= 1 && preemptions <= 1;
}
