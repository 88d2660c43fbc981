import type { Plan } from '../scheduler/control.ts';
import { REACHES } from '../scheduler/reach.ts';
import type { Deviation, NotedDeviation } from '../scheduler/schedule.ts';
import type { Schedule, Trials } from './trials.ts';

/**
 * Delta debugging (Zeller and Hildebrandt, 2002) of a schedule's deviations: what is left fails in the same way
 * with the same reach or a greater one, and no single deviation can be dropped. A candidate is followed by name,
 * so that dropping a deviation does not lose the others; what it really did is what counts.
 *
 * @param reserve executions to leave to others.
 * @param fromEnd drops late deviations first, which can lead to another minimum.
 */
export function* reduce(trials: Trials, start: Schedule, reserve = 0, fromEnd = false): Plan<Schedule> {
  let best = start;

  function* improves(candidate: readonly Deviation[]): Plan<boolean> {
    const trial = yield* trials.follow(best, candidate);
    if (!trial.same) return false;
    const schedule = trials.scheduleOf(trial, best.order, best.granularity);
    if (!isLess(schedule, best)) return false;
    best = schedule;
    return true;
  }

  const isSpent = (): boolean => trials.left <= reserve;

  /** Drops what it can of the deviations that `may` selects, in ever smaller pieces. */
  function* drop(may: (deviation: NotedDeviation) => boolean): Plan<void> {
    const count = (): number => best.deviations.filter(may).length;
    for (let size = count(); size >= 1;) {
      let dropped = false;
      for (let from = 0; from < count() && !isSpent();) {
        const all = best.deviations.filter(may);
        const piece = new Set((fromEnd ? all.toReversed() : all).slice(from, from + size));
        if (yield* improves(best.deviations.filter((deviation) => !piece.has(deviation)))) dropped = true;
        else from += size;
      }
      if (isSpent()) return;
      // At single deviations: once more over all of them until none can be dropped.
      if (size > 1) size = Math.min(Math.ceil(size / 2), Math.max(1, count()));
      else if (!dropped) return;
    }
  }

  /** Keeps a choice, but not the time that it took, or not that it was settled together with another. */
  function* loosen(): Plan<boolean> {
    let loosened = false;
    for (let i = 0; i < best.deviations.length && !isSpent(); i++) {
      const deviation = best.deviations[i]!;
      if (deviation.took === 0 && !deviation.joined) continue;
      if (yield* improves(best.deviations.with(i, { ...deviation, took: 0, joined: false }))) loosened = true;
    }
    return loosened;
  }

  /** Drops what it can of all deviations that name a task, for ever fewer tasks at a time. */
  function* dropTasks(): Plan<void> {
    let tasks = tasksOf(best);
    for (let size = Math.ceil(tasks.length / 2); size >= 1 && tasks.length > 2; size = Math.floor(size / 2)) {
      for (let from = 0; from < tasks.length && !isSpent();) {
        const piece = new Set(tasks.slice(from, from + size));
        const kept = best.deviations.filter((deviation) => !namesOf(deviation).some((task) => piece.has(task)));
        if (kept.length < best.deviations.length && (yield* improves(kept))) tasks = tasksOf(best);
        else from += size;
      }
    }
  }

  if (best.deviations.length === 0 || isSpent() || (yield* improves([]))) return best;
  yield* drop(isOdd);
  for (const reach of ['tick', 'latent'] as const) {
    const kept = best.deviations.filter((deviation) => deviation.reach !== reach);
    if (kept.length > 0 && kept.length < best.deviations.length && !isSpent()) yield* improves(kept);
  }
  yield* dropTasks();
  yield* drop(() => true);
  if (yield* loosen()) yield* drop(() => true);
  return best;
}

/** The tasks that a deviation names. */
function namesOf({ task, instead, after }: Deviation): string[] {
  return [task, (instead ?? after)!.task];
}

function tasksOf({ deviations }: Schedule): string[] {
  return [...new Set(deviations.flatMap(namesOf))];
}

function isOdd({ early, joined, took }: NotedDeviation): boolean {
  return early || joined || took > 0;
}

/** Progress: never of less reach, and with fewer deviations, or as many of which fewer are odd. */
function isLess(a: Schedule, b: Schedule): boolean {
  if (REACHES.indexOf(a.reach) > REACHES.indexOf(b.reach)) return false;
  const fewer = b.deviations.length - a.deviations.length;
  return fewer > 0 || (fewer === 0 && a.oddities < b.oddities);
}
