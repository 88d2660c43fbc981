import type { Bounds } from './chains.ts';

/**
 * How many schedules of the chains there are within the bounds, counted one by one up to the first beyond `most`: for
 * few, that is quicker than to estimate how many there are, and exact.
 *
 * @param tasks by task: which of its steps settle a promise.
 */
export function countSchedules(tasks: readonly (readonly boolean[])[], bounds: Bounds, most: number): number {
  const made = tasks.map(() => 0);
  let schedules = 0;

  const isOpen = (task: number): boolean => made[task]! < tasks[task]!.length;

  /** Runs the next step of `task`; then the others that may be settled together with it, or anything. */
  function step(task: number, waiting: readonly number[], preemptions: number, delays: number): void {
    const settles = tasks[task]![made[task]!++]!;
    if (bounds.together && settles) {
      waiting.forEach((other, i) => {
        if (i < delays && schedules <= most) step(other, without(waiting, i), preemptions, delays - i - 1);
      });
    }
    choose(task, preemptions, delays);
    made[task]!--;
  }

  function choose(last: number, preemptions: number, delays: number): void {
    const open = [...tasks.keys()].filter((task) => task !== last && isOpen(task));
    const goesOn = last >= 0 && isOpen(last);
    if (goesOn) open.unshift(last);
    if (open.length === 0) schedules++;
    const options = goesOn && preemptions === 0 ? 1 : Math.min(open.length, delays + 1);
    for (let place = 0; place < options && schedules <= most; place++) {
      const others = without(open, place).filter((task) => tasks[task]![made[task]!] === true);
      step(open[place]!, others, goesOn && place > 0 ? preemptions - 1 : preemptions, delays - place);
    }
  }

  choose(-1, bounds.preemptions, bounds.delays);
  return schedules;
}

function without(list: readonly number[], at: number): number[] {
  return list.filter((_, i) => i !== at);
}
