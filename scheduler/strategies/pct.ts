import { StraddleError } from '../error.ts';
import type { EnabledOp, OpKind } from '../op.ts';
import type { Strategy } from '../strategy.ts';
import { mustKnow } from './options.ts';

export interface PctOptions {
  /** Depth of the bugs that the guarantee is for: how many ordering constraints must hold; default 3. */
  readonly depth?: number;
}

/** Armed anew each time: a fresh priority, so that an interval cannot keep the others from running. */
const ARMED = new Set<OpKind>(['timer', 'sleep', 'immediate', 'message']);

/** Steps in a row that a task is given before an execution has shown how long they are. */
const FIRST_PATIENCE = 1_000;

/**
 * Probabilistic concurrency testing. Every task gets a random priority when it is first enabled, and the enabled
 * task of the highest priority runs. At `depth - 1` random steps the task that is about to run is demoted below
 * all others. A bug of depth d in an execution of n tasks and k steps is found with a probability of at least
 * 1/(n·k^(d−1)) per execution.
 *
 * Source: Burckhardt, Kothari, Musuvathi, Nagarakatte, "A randomized scheduler with probabilistic guarantees of
 * finding bugs", ASPLOS 2010; for tasks that are created on the way: Ozkan, Majumdar, Niksic, Befrouei,
 * Weissenbacher, "Randomized testing of distributed systems with probabilistic guarantees", OOPSLA 2018 (the
 * engine's tasks are the chains). Departures: k is the longest execution seen so far, so the first execution has
 * no change points; a timer has a new priority each time it is armed; a task that runs four times as long without
 * a pause as whole executions did is taken for one that waits for the others, and demoted.
 *
 * @throws StraddleError `usage` for a depth that is no whole number from 1.
 */
export function pct(options: PctOptions = {}): Strategy {
  mustKnow('pct', options, ['depth']);
  const { depth = 3 } = options;
  if (!Number.isSafeInteger(depth) || depth < 1) {
    throw new StraddleError('usage', `pct's depth must be a whole number of 1 or more, not ${String(depth)}.`);
  }
  let random: () => number = Math.random;
  /** Longest execution seen, and longest one in which nobody had to be demoted for running on and on. */
  let longest = 0;
  let calm = 0;
  let patience = 0;
  let isCalm = true;
  /** By step: how low the task that is about to run there is demoted. */
  const changes = new Map<number, number>();
  /** By task: its priority, and the armed operation that it was drawn for. */
  const priorities: number[] = [];
  const armed: number[] = [];
  let lowest = 0;
  let last = -1;
  let inARow = 0;

  /** Distinct steps, uniform; which of them demotes lowest is random too, as in the paper. */
  function drawChanges(): void {
    changes.clear();
    const wanted = Math.min(depth - 1, longest);
    for (let low = 1; low <= wanted; low++) {
      let step: number;
      do step = 1 + Math.floor(random() * longest);
      while (changes.has(step));
      changes.set(step, low);
    }
  }

  function priorityOf({ id, kind, task }: EnabledOp): number {
    const known = priorities[task.id];
    const isArmed = ARMED.has(kind);
    if (known !== undefined && (!isArmed || armed[task.id] === id)) return known;
    if (isArmed) armed[task.id] = id;
    return (priorities[task.id] = depth + random());
  }

  function highest(enabled: readonly EnabledOp[]): number {
    let best = 0;
    let most = -Infinity;
    for (let i = 0; i < enabled.length; i++) {
      const priority = priorityOf(enabled[i]!);
      if (priority > most) {
        most = priority;
        best = i;
      }
    }
    return best;
  }

  /** The task about to run goes below the others; then another may be about to run. */
  function demote(enabled: readonly EnabledOp[], index: number, priority: number): number {
    priorities[enabled[index]!.task.id] = priority;
    return highest(enabled);
  }

  return {
    name: `pct(${depth})`,
    begin({ execution, random: next, maxSteps }) {
      if (execution === 1) longest = calm = 0;
      random = next;
      priorities.length = armed.length = 0;
      lowest = 0;
      last = -1;
      inARow = 0;
      isCalm = true;
      patience = Math.min(calm === 0 ? FIRST_PATIENCE : 64 + 4 * calm, Math.ceil(maxSteps / 4));
      drawChanges();
      return true;
    },
    choose(enabled, step) {
      let index = highest(enabled);
      const change = changes.get(step);
      if (change !== undefined) index = demote(enabled, index, change);
      if (enabled[index]!.task.id === last && ++inARow >= patience && enabled.length > 1) {
        isCalm = false;
        index = demote(enabled, index, --lowest);
      }
      const { id } = enabled[index]!.task;
      if (id !== last) inARow = 0;
      last = id;
      return index;
    },
    end({ steps }) {
      // The body's own start is no choice.
      longest = Math.max(longest, steps - 1);
      if (isCalm) calm = Math.max(calm, steps - 1);
    },
  };
}
