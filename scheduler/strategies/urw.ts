import type { EnabledOp } from '../op.ts';
import type { Strategy } from '../strategy.ts';

interface Known {
  /** Steps over all executions in which the task ran, and how many of those there were. */
  steps: number;
  executions: number;
}

/**
 * The uniform random walk: an enabled task is chosen with a probability in proportion to the steps that it still
 * has to make. For tasks that are always enabled every interleaving is then equally likely, where the plain
 * random walk prefers those in which a short task goes first.
 *
 * Source: Zhao, Wolff, Mathur, Roychoudhury, "Selectively uniform concurrency testing", ASPLOS 2025. How many
 * steps a task makes is the mean over the earlier executions in which a task of its name ran; until one has
 * ended the walk is the plain one.
 */
export function urw(): Strategy {
  let random: () => number = Math.random;
  const known = new Map<string, Known>();
  /** By task: its expected steps, its name, and the steps made so far. */
  const expected: number[] = [];
  const names: string[] = [];
  const made: number[] = [];

  function weightOf({ task: { id, name, steps } }: EnabledOp): number {
    let total = expected[id];
    if (total === undefined) {
      const earlier = known.get(name);
      total = expected[id] = earlier === undefined ? 0 : earlier.steps / earlier.executions;
      names[id] = name;
    }
    made[id] = steps;
    return Math.max(1, total - steps);
  }

  return {
    name: 'urw',
    begin(info) {
      if (info.execution === 1) known.clear();
      random = info.random;
      expected.length = names.length = made.length = 0;
      return true;
    },
    choose(enabled) {
      let sum = 0;
      for (const op of enabled) sum += weightOf(op);
      let left = random() * sum;
      let index = 0;
      while (index < enabled.length - 1 && (left -= weightOf(enabled[index]!)) >= 0) index++;
      const { id, steps } = enabled[index]!.task;
      made[id] = steps + 1;
      return index;
    },
    end() {
      names.forEach((name, id) => {
        const task = known.get(name);
        if (task === undefined) known.set(name, { steps: made[id]!, executions: 1 });
        else {
          task.steps += made[id]!;
          task.executions++;
        }
      });
    },
  };
}
