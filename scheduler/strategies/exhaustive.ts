import { StraddleError } from '../error.ts';
import type { EnabledOp } from '../op.ts';
import type { Strategy } from '../strategy.ts';
import { Chains, type Bounds } from './chains.ts';
import { mustKnow } from './options.ts';
import { Path } from './path.ts';

export interface ExhaustiveOptions {
  /** Most switches away from a task that could go on; default: any number. */
  readonly preemptions?: number;
  /** Most delays, each of which passes over one task in the fixed order; default: any number. */
  readonly delays?: number;
  /** Where an earlier exploration of the same body, options and seed left off: its `report.space.cursor`. */
  readonly resume?: string;
}

/** From which share of the space on its size is told from what has been seen instead of the first execution. */
const ENOUGH_SEEN = 0.1;

/**
 * Every schedule exactly once, depth first, without reduction: an execution repeats the choices of the one before
 * up to the last that has an alternative, and takes that. Only the current path is kept.
 *
 * The fixed order, with no preemption and no delay, is: a task keeps running while it can, then the oldest enabled
 * operation. Operations are settled one at a time unless `bursts` was set above 0 in the options of the
 * exploration; time taken (none, or all until the next timer) is explored if `time: 'elastic'` was. Within a bound
 * on delays each of these is one delay. Chance is the same in every execution.
 *
 * Source: stateless search, Godefroid, "Model checking for programming languages using VeriSoft", POPL 1997;
 * preemption bound, Musuvathi and Qadeer, "Iterative context bounding for systematic testing of multithreaded
 * programs", PLDI 2007; delay bound, Emmi, Qadeer, Rakamarić, "Delay-bounded scheduling", POPL 2011.
 *
 * @throws StraddleError `usage` for a bound that is no whole number from 0, or a cursor that is none;
 *   `nondeterminism`, as the execution's failure, when a repeated prefix offers other operations than before.
 */
export function exhaustive(options: ExhaustiveOptions = {}): Strategy {
  mustKnow('exhaustive', options, ['preemptions', 'delays', 'resume']);
  const start = options.resume === undefined ? undefined : Path.fromCursor(options.resume);
  const [firstPreemptions, firstDelays, before = 0] = start?.about ?? [];
  const preemptions = bound('preemptions', options.preemptions, firstPreemptions);
  const delays = bound('delays', options.delays, firstDelays);
  const path = new Path();
  /** The first execution, from which the size of the space is estimated. */
  const chains = new Chains();
  let isFirst = true;
  let bounds: Bounds = { preemptions, delays, together: false };
  let executions = 0;
  let isOver = false;
  let elastic = false;
  let preemptionsLeft = 0;
  let delaysLeft = 0;
  let lastTask = -1;

  /** Which of so many options, in the fixed order, the current path takes here. */
  function pick(count: number, mark: number): number {
    const place = path.pick(Math.min(count, delaysLeft + 1), mark);
    delaysLeft -= place;
    return place;
  }

  function ran(op: EnabledOp): void {
    lastTask = op.task.id;
    if (isFirst) chains.ran(op);
  }

  return {
    name: 'exhaustive',
    complete: true,
    single: true,
    begin(info) {
      isFirst = info.execution === 1;
      if (isFirst) {
        path.restart(start?.path);
        chains.clear();
        isOver = false;
        executions = before ?? 0;
        bounds = { preemptions, delays, together: info.bursts > 0 };
        elastic = info.time === 'elastic';
      }
      path.depth = 0;
      lastTask = -1;
      preemptionsLeft = preemptions;
      delaysLeft = delays;
      return !isOver;
    },
    choose(enabled) {
      const own = enabled.length === 1 ? 0 : indexOfOwn(enabled, lastTask);
      const canSwitch = own < 0 || preemptionsLeft > 0;
      const place = enabled.length === 1 || !canSwitch ? 0 : pick(enabled.length, enabled.at(-1)!.id);
      if (place > 0 && own >= 0) preemptionsLeft--;
      let index = place;
      // The task's own operation is the first in the fixed order, wherever it is in the natural one.
      if (own >= 0 && place <= own) index = place === 0 ? own : place - 1;
      ran(enabled[index]!);
      return index;
    },
    join(enabled) {
      if (!bounds.together) return -1;
      // The first option is to drain.
      const settling = enabled.flatMap(({ settles }, i) => (settles ? [i] : []));
      const index = settling[pick(settling.length + 1, enabled[0]!.id) - 1] ?? -1;
      if (index >= 0) ran(enabled[index]!);
      return index;
    },
    take: (limit) => (elastic && pick(2, limit) === 1 ? limit : 0),
    end() {
      isFirst = false;
      executions++;
      path.close();
      isOver = !path.advance();
    },
    space() {
      if (isOver) return { schedules: executions };
      const { share } = path;
      const schedules = share < ENOUGH_SEEN ? chains.schedules(bounds) : Math.round(executions / share);
      const cursor = path.toCursor([finite(preemptions), finite(delays), executions]);
      return { schedules: Math.max(schedules, executions + 1), cursor };
    },
  };
}

/** Where the task that ran last is enabled to go on; a timer is no going on. */
function indexOfOwn(enabled: readonly EnabledOp[], task: number): number {
  return enabled.findIndex((op) => op.task.id === task && op.kind !== 'sleep' && op.kind !== 'timer');
}

/** A bound as it was asked for, or as the cursor has it; not both, if they differ. */
function bound(name: string, asked: number | undefined, resumed: number | null | undefined): number {
  if (asked !== undefined && (!Number.isSafeInteger(asked) || asked < 0)) {
    throw new StraddleError(
      'usage',
      `exhaustive's bound '${name}' must be a whole number of 0 or more, not ${String(asked)}.`,
    );
  }
  if (asked !== undefined && resumed !== undefined && resumed !== asked) {
    throw new StraddleError(
      'usage',
      `The exploration to resume was bounded by ${String(resumed ?? 'no')} ${name}, not by ${asked}; leave the bound out.`,
    );
  }
  return asked ?? resumed ?? Infinity;
}

/** As JSON can keep it. */
function finite(value: number): number | null {
  return value === Infinity ? null : value;
}
