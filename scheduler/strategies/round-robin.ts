import type { EnabledOp } from '../op.ts';
import type { Strategy } from '../strategy.ts';

/**
 * Every task in turn, in the order in which the tasks were created. In execution n a task keeps its turn for n
 * steps (its quantum), as long as it can run; the strategy ends when a longer turn would change nothing.
 */
export function roundRobin(): Strategy {
  let quantum = 0;
  let task = -1;
  let left = 0;
  /** Some task would have gone on after its turn. */
  let cut = true;

  function indexOfNext(enabled: readonly EnabledOp[]): number {
    let next = -1;
    let first = 0;
    for (let i = 0; i < enabled.length; i++) {
      const { id } = enabled[i]!.task;
      if (id < enabled[first]!.task.id) first = i;
      if (id > task && (next < 0 || id < enabled[next]!.task.id)) next = i;
    }
    return next < 0 ? first : next;
  }

  return {
    name: 'round-robin',
    single: true,
    begin({ execution }) {
      if (execution > 1 && !cut) return false;
      quantum = execution;
      task = -1;
      left = 0;
      cut = false;
      return true;
    },
    choose(enabled) {
      const own = enabled.findIndex((op) => op.task.id === task);
      if (own >= 0 && left > 0) {
        left--;
        return own;
      }
      if (own >= 0 && enabled.length > 1) cut = true;
      const index = indexOfNext(enabled);
      task = enabled[index]!.task.id;
      left = quantum - 1;
      return index;
    },
  };
}
