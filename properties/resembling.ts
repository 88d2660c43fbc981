import type { Plan } from '../scheduler/control.ts';
import { REACHES } from '../scheduler/reach.ts';
import { ReplayChooser } from '../scheduler/replaying.ts';
import type { Deviation, OpName } from '../scheduler/schedule.ts';
import type { Schedule, Trial, Trials } from './trials.ts';

/**
 * The first schedule of one or two deviations between points like those of what was found, from the end of the base
 * order backwards: where tasks are alike, the last ones do as well as any, and few others are left to run. One that
 * fails in another way is followed further: the fault may be the same. Undefined if there is none within `most`
 * trials, or of less reach only.
 */
export function* resembling(trials: Trials, found: Schedule, most: number): Plan<Schedule | undefined> {
  const { order, granularity, reach } = found;
  const leftAfter = Math.max(0, trials.left - most);
  const isLike = resemblance(found.deviations);

  /** With one or two deviations more, after those that are `kept`. */
  function* withMore(kept: readonly Deviation[], base: Trial): Plan<Schedule | undefined> {
    for (const first of placesOf(base, after(kept), isLike).reverse()) {
      if (trials.left <= leftAfter) return undefined;
      const once = [...kept, first];
      const trial = yield* follow(once);
      let schedule = yield* ending(once, trial);
      for (const second of placesOf(trial, after(once), isLike)) {
        if (schedule !== undefined || trials.left <= leftAfter) return schedule;
        const twice = [...once, second];
        schedule = yield* ending(twice, yield* follow(twice));
      }
      if (schedule !== undefined) return schedule;
    }
    return undefined;
  }

  function* follow(deviations: readonly Deviation[]): Plan<Trial> {
    return yield* trials.run(new ReplayChooser(deviations, order), granularity, true);
  }

  function* ending(deviations: readonly Deviation[], trial: Trial): Plan<Schedule | undefined> {
    if (trial.same) {
      const schedule = trials.scheduleOf(trial, order, granularity);
      return REACHES.indexOf(schedule.reach) > REACHES.indexOf(reach) ? undefined : schedule;
    }
    return trial.passed || trials.left <= leftAfter ? undefined : yield* withMore(deviations, trial);
  }

  return yield* withMore([], yield* follow([]));
}

function after(deviations: readonly Deviation[]): number {
  return (deviations.at(-1)?.step ?? 0) + 1;
}

/** What else could have run, from a step on. */
function placesOf({ notes }: Trial, from: number, isLike: (one: OpName, instead: OpName) => boolean): Deviation[] {
  const places: Deviation[] = [];
  for (let step = from; step < notes.others.length; step++)
    places.push(...notes.alternativesAt(step).filter((other) => isLike(other, other.instead)));
  return places;
}

/** Whether both points are among those of the deviations. */
function resemblance(deviations: readonly Deviation[]): (one: OpName, instead: OpName) => boolean {
  const ops = new Set(deviations.flatMap(({ op, instead, after }) => [op, (instead ?? after)!.op]));
  return (one, instead) => ops.has(one.op) && ops.has(instead.op);
}
