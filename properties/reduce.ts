import type { Plan } from '../scheduler/control.ts';
import { REACHES } from '../scheduler/reach.ts';
import type { Deviation, NotedDeviation, OpName } from '../scheduler/schedule.ts';
import type { Schedule, Trials } from './trials.ts';

/** How deviations are dropped. */
export interface Dropping {
  /** Executions to leave to others. */
  readonly reserve?: number;
  /** Drops late deviations first, which can lead to another minimum. */
  readonly fromEnd?: boolean;
}

/**
 * Delta debugging (Zeller and Hildebrandt, 2002) of a schedule's deviations: what is left fails in the same way
 * with the same reach or a greater one, and no single deviation can be dropped. A candidate is followed by name,
 * so that dropping a deviation does not lose the others; what it really did is what counts.
 */
export function* reduce(trials: Trials, start: Schedule, dropping: Dropping = {}): Plan<Schedule> {
  const isSpent = (): boolean => trials.left <= (dropping.reserve ?? 0);
  if (start.deviations.length === 0 || isSpent()) return start;
  let best = yield* attempt(trials, start, []);
  if (best !== start) return best;
  best = yield* drop(trials, best, isOdd, dropping);
  for (const reach of ['tick', 'latent'] as const) {
    const kept = best.deviations.filter((deviation) => deviation.reach !== reach);
    if (kept.length > 0 && kept.length < best.deviations.length && !isSpent())
      best = yield* attempt(trials, best, kept);
  }
  best = yield* drop(trials, best, () => true, dropping);
  const tight = best;
  for (let i = 0; i < best.deviations.length && !isSpent(); i++) best = yield* vary(trials, best, i);
  return best === tight ? best : yield* drop(trials, best, () => true, dropping);
}

/**
 * Other ways to do without a deviation: who would have run instead plays its task's part, as tasks often do the same;
 * what the next one chooses is chosen at once; only the time that it took is dropped, or its being settled together.
 */
function* vary(trials: Trials, best: Schedule, at: number): Plan<Schedule> {
  const deviation = best.deviations[at]!;
  const next = best.deviations[at + 1];
  const candidates: Deviation[][] = [swapped(best.deviations.toSpliced(at, 1), deviation)];
  if (next !== undefined) {
    const { task, op, nth } = next;
    candidates.push(best.deviations.toSpliced(at, 2, { ...deviation, task, op, nth }));
  }
  if (deviation.took > 0 || deviation.joined)
    candidates.push(best.deviations.with(at, { ...deviation, took: 0, joined: false }));
  for (const candidate of candidates) {
    const less = yield* attempt(trials, best, candidate);
    if (less !== best) return less;
  }
  return best;
}

/** The schedule of these deviations if it fails in the same way and is less than `best`; or `best`. */
function* attempt(trials: Trials, best: Schedule, candidate: readonly Deviation[]): Plan<Schedule> {
  const trial = yield* trials.follow(best, candidate);
  if (!trial.same) return best;
  const schedule = trials.scheduleOf(trial, best.order, best.granularity);
  return isLess(schedule, best) ? schedule : best;
}

/** Drops what it can of the deviations that `may` selects, in ever smaller pieces. */
export function* drop(
  trials: Trials,
  start: Schedule,
  may: (deviation: NotedDeviation) => boolean,
  { reserve = 0, fromEnd = false }: Dropping,
): Plan<Schedule> {
  let best = start;
  const count = (): number => best.deviations.filter(may).length;
  for (let size = count(); size >= 1;) {
    let dropped = false;
    for (let from = 0; from < count();) {
      if (trials.left <= reserve) return best;
      const all = best.deviations.filter(may);
      const piece = new Set((fromEnd ? all.toReversed() : all).slice(from, from + size));
      const kept = best.deviations.filter((deviation) => !piece.has(deviation));
      const less = yield* attempt(trials, best, kept);
      if (less === best) from += size;
      else dropped = true;
      best = less;
    }
    // At single deviations: once more over all of them until none can be dropped.
    if (size > 1) size = Math.min(Math.ceil(size / 2), Math.max(1, count()));
    else if (!dropped) break;
  }
  return best;
}

/** The two tasks that a deviation names play each other's part. */
function swapped(kept: readonly Deviation[], { task, instead, after }: Deviation): Deviation[] {
  const other = (instead ?? after)!.task;
  const swap = <T extends OpName>(name: T): T => ({
    ...name,
    task: inPlaceOf(name.task, task, other) ?? inPlaceOf(name.task, other, task) ?? name.task,
  });
  return kept.map((one) => ({
    ...swap(one),
    ...(one.instead && { instead: swap(one.instead) }),
    ...(one.after && { after: swap(one.after) }),
  }));
}

/** The name of a task or a strand of it, when another plays its part. */
function inPlaceOf(name: string, task: string, other: string): string | undefined {
  return name === task || name.startsWith(`${task}/`) ? other + name.slice(task.length) : undefined;
}

/** What a machine rarely does. */
export function isOdd({ early, joined, took }: NotedDeviation): boolean {
  return early || joined || took > 0;
}

/** Progress: never of less reach, and with fewer deviations, or as many of which fewer are odd. */
function isLess(a: Schedule, b: Schedule): boolean {
  if (REACHES.indexOf(a.reach) > REACHES.indexOf(b.reach)) return false;
  const fewer = b.deviations.length - a.deviations.length;
  return fewer > 0 || (fewer === 0 && a.oddities < b.oddities);
}
