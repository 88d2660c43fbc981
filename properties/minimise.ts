import type { Plan } from '../scheduler/control.ts';
import { ReplayChooser } from '../scheduler/replaying.ts';
import type { Deviation, OpName } from '../scheduler/schedule.ts';
import { project } from './project.ts';
import { reduce, type Dropping } from './reduce.ts';
import { resembling } from './resembling.ts';
import { better, type Schedule, type Trials } from './trials.ts';

/**
 * Minimises a failing schedule, or natural order if that fails too, against each base order and keeps the better of
 * the results: fewer early timers, times taken and bursts, then greater reach, fewer preemptions, fewer tasks involved,
 * fewer steps. Delta debugging may end with deviations of which none can be dropped although fewer others would do: so
 * what it found is told against the other order and reduced again, and some of its deviations are replaced by a single
 * other one, in turn until neither helps.
 */
export function* minimise(trials: Trials, natural: Schedule, steady: Schedule): Plan<Schedule> {
  const plain = yield* trials.follow(natural, []);
  if (plain.same) {
    natural = trials.scheduleOf(plain, 'natural', natural.granularity);
    steady = trials.scheduleOf(plain, 'steady', natural.granularity);
  }
  const projected = yield* project(trials, steady);
  const isLong = projected.deviations.length > LONG;
  const alike = isLong ? yield* resembling(trials, projected, MOST_PLACES) : undefined;
  const second = yield* reduce(trials, alike ?? projected);
  const first = yield* shrink(trials, natural, { reserve: Math.floor(trials.left / 2) });
  let best = better(first, second);
  const worse = best === first ? second : first;
  if (!isSimple(best) && worse.deviations.length > 0) best = better(best, yield* inOtherOrder(trials, worse));
  if (best.preemptions > 1) best = better(best, yield* reduce(trials, projected, { fromEnd: true }));
  best = yield* withoutAwaits(trials, best, natural, steady);
  for (let last; best !== last && !isSimple(best) && trials.left > 0;) {
    last = best;
    // Natural order itself has been told against the other one.
    const turned = best.deviations.length === 0 ? second : yield* inOtherOrder(trials, best);
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
    for (const schedule of schedules) best = better(best, yield* shrink(trials, schedule));
    return best;
  }
  return found;
}

/** The same deviations in the other order, or the same steps, told against it; reduced. */
function* inOtherOrder(trials: Trials, found: Schedule): Plan<Schedule> {
  const { granularity, deviations } = found;
  const order = found.order === 'natural' ? 'steady' : 'natural';
  let turned = found;
  for (const way of [order, found.order] as const) {
    const trial = yield* trials.follow({ order: way, granularity }, deviations);
    if (!trial.same) continue;
    const reduced = yield* shrink(trials, trials.scheduleOf(trial, order, granularity));
    turned = turned === found ? reduced : better(turned, reduced);
  }
  return turned;
}

/** Most deviations that are dropped without large cuts. */
const FEW = 32;

/** Reduced, if need be after large cuts. */
function* shrink(trials: Trials, start: Schedule, dropping: Dropping = {}): Plan<Schedule> {
  return yield* reduce(trials, start.deviations.length <= FEW ? start : yield* project(trials, start), dropping);
}

/** Deviations of which a single one can seldom be dropped. */
const LONG = 8;

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
  for (const [i, base] of bases.entries()) {
    const share = Math.ceil((trials.left - leftAfter) / (bases.length - i));
    if (share <= 0) return best;
    const found = yield* addOne(trials, form, { ...base, like: deviations, leftAfter: trials.left - share }, best);
    if (found !== best) return found;
  }
  return best;
}

interface Addition {
  readonly kept: readonly Deviation[];
  /** The first step at which one is added. */
  readonly from: number;
  /** What resembles these is tried first. */
  readonly like: readonly Deviation[];
  /** Trials that must be left. */
  readonly leftAfter: number;
}

/** The best schedule with one deviation more; or `best`. */
function* addOne(
  trials: Trials,
  { order, granularity }: Pick<Schedule, 'order' | 'granularity'>,
  { kept, from, like, leftAfter }: Addition,
  best: Schedule,
): Plan<Schedule> {
  const { notes } = yield* trials.run(new ReplayChooser(kept, order), granularity, true);
  const alike = likeness(like);
  let found = best;
  // Again for each likeness: there may be very many places, of which few are tried.
  for (let likest = 4; likest >= 0; likest--) {
    for (let step = from; step < notes.others.length; step++) {
      for (const deviation of notes.alternativesAt(step)) {
        if (alike(deviation, deviation.instead) !== likest) continue;
        if (trials.left <= leftAfter || isSimple(found)) return found;
        const trial = yield* trials.follow({ order, granularity }, [...kept, deviation]);
        if (trial.same) found = better(found, trials.scheduleOf(trial, order, granularity));
      }
    }
  }
  return found;
}

/** How many of the four names of a deviation are among those of others: tasks often do the same. */
function likeness(others: readonly Deviation[]): (one: OpName, instead: OpName) => number {
  const places = others.map(({ instead, after }) => (instead ?? after)!);
  const tasks = new Set([...others, ...places].map(({ task }) => task));
  const ops = new Set(others.map(({ op }) => op));
  const insteadOps = new Set(places.map(({ op }) => op));
  return (one, instead) =>
    Number(tasks.has(one.task)) +
    Number(tasks.has(instead.task)) +
    Number(ops.has(one.op)) +
    Number(insteadOps.has(instead.op));
}

function isSimple({ deviations, preemptions }: Schedule): boolean {
  return deviations.length <= 1 && preemptions <= 1;
}
