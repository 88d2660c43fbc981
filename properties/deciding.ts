import type { Plan } from '../scheduler/control.ts';
import { ReplayChooser } from '../scheduler/replaying.ts';
import { isSameName, type Deviation, type OpName } from '../scheduler/schedule.ts';
import type { Schedule, Trials } from './trials.ts';

/** Where the nearest passing schedule leaves a failing one: it passes if `first` runs before `second`. */
export interface Decision {
  /** The step of the failing schedule at which they part. */
  readonly step: number;
  readonly first: OpName;
  readonly second: OpName;
}

/** The decision, and the deviations of the schedule that passes. */
export interface Decided {
  readonly decision: Decision;
  readonly passing: readonly Deviation[];
}

/**
 * The nearest passing schedule that differs by one deviation: one deviation less, the latest first, because
 * that shares most of its steps with the failing schedule; or, if no such schedule passes, one more.
 */
export function* decide(trials: Trials, failing: Schedule): Plan<Decided | undefined> {
  const { deviations } = failing;
  for (const deviation of deviations.toReversed()) {
    const first = deviation.after ?? deviation.instead!;
    if (isSameName(first, deviation) || trials.left <= 0) continue;
    const passing = deviations.filter((other) => other !== deviation);
    const trial = yield* trials.follow(failing, passing);
    if (trial.passed) return { decision: { step: deviation.step, first, second: nameOf(deviation) }, passing };
  }
  return yield* decideByOneMore(trials, failing);
}

function* decideByOneMore(trials: Trials, failing: Schedule): Plan<Decided | undefined> {
  const { order, granularity, deviations } = failing;
  if (trials.left <= 0) return undefined;
  const told = yield* trials.run(new ReplayChooser(deviations, order), granularity, true);
  const { notes } = told;
  for (let step = notes.others.length - 1; told.same && step > 0; step--) {
    // A deviation that was made there already has the place.
    if (deviations.some((deviation) => deviation.step === step)) continue;
    for (const more of notes.alternativesAt(step)) {
      if (trials.left <= 0) return undefined;
      const at = deviations.findIndex((deviation) => deviation.step > step);
      const place = at < 0 ? deviations.length : at;
      const passing = [...deviations.slice(0, place), more, ...deviations.slice(place)];
      const trial = yield* trials.follow(failing, passing);
      if (trial.passed) return { decision: { step, first: nameOf(more), second: more.instead }, passing };
    }
  }
  return undefined;
}

function nameOf({ task, op, nth }: OpName): OpName {
  return { task, op, nth };
}
