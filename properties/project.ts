import type { Plan } from '../scheduler/control.ts';
import { REACHES } from '../scheduler/reach.ts';
import { Projection, type Turn } from './projection.ts';
import type { Schedule, Trials } from './trials.ts';

/**
 * Follows only some of a schedule's turns, and the base order in everything else: large cuts, which need few executions
 * even where there are thousands of deviations. What a machine rarely does is left out first, then the end, then whole
 * tasks, those that ran last being the likeliest to matter; and who was interrupted goes on at once (as in "A Trace
 * Simplification Technique for Effective Debugging of Concurrent Programs", Jalbert and Sen, 2010). Returns the
 * schedule with the fewest deviations that fails in the same way with the same reach or a greater one; it may spend
 * half of what is left.
 */
export function* project(trials: Trials, start: Schedule): Plan<Schedule> {
  const { order, granularity, reach } = start;
  const reserve = Math.floor(trials.left / 2);
  let best = start;
  let turns = start.turns;

  /** Whether these turns are enough, and the deviations not more if they must not be; keeps them if so. */
  function* suffice(fewer: readonly Turn[], most = Infinity): Plan<boolean> {
    if (trials.left <= reserve) return false;
    const trial = yield* trials.run(new Projection(fewer, order), granularity);
    if (!trial.same) return false;
    const schedule = trials.scheduleOf(trial, order, granularity);
    const { length } = schedule.deviations;
    if (REACHES.indexOf(schedule.reach) > REACHES.indexOf(reach) || length > most) return false;
    if (length <= best.deviations.length) best = schedule;
    turns = fewer;
    return true;
  }

  /** Leaves out what it can of `items`, in ever smaller pieces; gives up where every eighth of them is needed. */
  function* leaveOut<T>(items: readonly T[], turnsWith: (left: ReadonlySet<T>) => readonly Turn[]): Plan<void> {
    let left = items;
    for (let size = left.length; size >= 1; size = Math.floor(size / 2)) {
      const before = left;
      for (let from = 0; from < before.length; from += size) {
        const piece = new Set(before.slice(from, from + size));
        const others = left.filter((item) => !piece.has(item));
        if (yield* suffice(turnsWith(new Set(others)))) left = others;
      }
      if (left === before && before.length >= 8 * size) return;
    }
  }

  function* calmDown(): Plan<void> {
    const all = turns;
    const odd = all.filter(({ odd }) => odd);
    yield* leaveOut(odd, (left) => all.map((turn) => (left.has(turn) ? turn : calm(turn))));
  }

  function* cutEnd(): Plan<void> {
    const all = turns;
    for (let few = 0, many = all.length; many - few > 1;) {
      const middle = (few + many) >> 1;
      if (yield* suffice(all.slice(0, middle))) many = middle;
      else few = middle;
    }
  }

  function* leaveOutTasks(): Plan<void> {
    const all = turns;
    const turnsOf = (tasks: ReadonlySet<string>): readonly Turn[] => all.filter(({ task }) => tasks.has(task));
    let tasks = [...new Set(all.toReversed().map(({ task }) => task))];
    for (let few = 1; few < tasks.length; few *= 2) {
      const latest = tasks.slice(0, few);
      if (yield* suffice(turnsOf(new Set(latest)))) tasks = latest;
    }
    yield* leaveOut(tasks.toReversed(), turnsOf);
  }

  function* goOn(): Plan<void> {
    let runs = runsOf(turns);
    for (let size = runs.length; size > 2; size = Math.ceil(size / 2)) {
      for (let from = 0; from < runs.length - 2 && trials.left > reserve;) {
        let fewer = false;
        for (const candidate of uninterrupted(runs, from, size))
          fewer ||= yield* suffice(candidate, best.deviations.length);
        if (fewer) runs = runsOf(turns);
        else from += size > 4 ? size >> 1 : 1;
      }
    }
  }

  // So few are dropped one by one sooner.
  if (best.deviations.length <= Math.log2(turns.length)) return best;
  yield* calmDown();
  yield* cutEnd();
  yield* leaveOutTasks();
  yield* calmDown();
  yield* goOn();
  return best;
}

/** As the base order has it. */
function calm({ task }: Turn): Turn {
  return { task, joined: undefined, took: 0, ahead: false, odd: false };
}

/** The turns in maximal runs of one task. */
function runsOf(turns: readonly Turn[]): Turn[][] {
  const runs: Turn[][] = [];
  for (const turn of turns) {
    const last = runs.at(-1);
    if (last?.[0]!.task === turn.task) last.push(turn);
    else runs.push([turn]);
  }
  return runs;
}

/** Each task's turns among some runs at once, where its first or where its last were. */
function uninterrupted(runs: readonly Turn[][], from: number, size: number): Turn[][] {
  const some = runs.slice(from, from + size);
  const tasks = some.map((run) => run[0]!.task);
  const first = [...new Set(tasks)];
  if (first.length === tasks.length) return [];
  const last = [...new Set(tasks.toReversed())].reverse();
  return [first, last].map((order) => [
    ...runs.slice(0, from).flat(),
    ...order.flatMap((task) => some.filter((run) => run[0]!.task === task).flat()),
    ...runs.slice(from + size).flat(),
  ]);
}
