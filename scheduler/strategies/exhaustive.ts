import { StraddleError } from '../error.ts';
import type { EnabledOp } from '../op.ts';
import type { Strategy } from '../strategy.ts';

export interface ExhaustiveOptions {
  /** Most switches away from a task that could go on; default: any number. */
  readonly preemptions?: number;
  /** Most delays, each of which passes over one task in the fixed order; default: any number. */
  readonly delays?: number;
}

/**
 * Every schedule exactly once, depth first, without reduction: an execution repeats the choices of the one before
 * up to the last that has an alternative, and takes that. Only the current path is kept.
 *
 * The fixed order, with no preemption and no delay, is: a task keeps running while it can, then the oldest enabled
 * operation. Operations are settled one at a time unless `bursts` was set above 0 in the options of the
 * exploration; time taken (none, or all until the next timer) is explored if `time: 'elastic'` was. Within a bound
 * on delays each of these is one delay.
 *
 * Source: stateless search, Godefroid, "Model checking for programming languages using VeriSoft", POPL 1997;
 * preemption bound, Musuvathi and Qadeer, "Iterative context bounding for systematic testing of multithreaded
 * programs", PLDI 2007; delay bound, Emmi, Qadeer, Rakamarić, "Delay-bounded scheduling", POPL 2011.
 *
 * @throws StraddleError `usage` for a bound that is no whole number from 0; `nondeterminism`, as the execution's
 *   failure, when a repeated prefix offers other operations than before.
 */
export function exhaustive(options: ExhaustiveOptions = {}): Strategy {
  const preemptions = bound('preemptions', options.preemptions);
  const delays = bound('delays', options.delays);
  const path = new Path();
  let isOver = false;
  let together = false;
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

  return {
    name: 'exhaustive',
    complete: true,
    single: true,
    begin({ execution, bursts, time }) {
      if (execution === 1) {
        path.clear();
        isOver = false;
        together = bursts > 0;
        elastic = time === 'elastic';
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
      lastTask = enabled[index]!.task.id;
      return index;
    },
    join(enabled) {
      if (!together) return -1;
      // The first option is to drain.
      const settling = enabled.flatMap(({ settles }, i) => (settles ? [i] : []));
      const index = settling[pick(settling.length + 1, enabled[0]!.id) - 1] ?? -1;
      if (index >= 0) lastTask = enabled[index]!.task.id;
      return index;
    },
    take: (limit) => (elastic && pick(2, limit) === 1 ? limit : 0),
    end() {
      isOver = !path.advance();
    },
  };
}

/** The choices of one execution that have an alternative. */
class Path {
  /** The choice that comes next. */
  depth = 0;
  /** Which option was taken, of how many, and something by which to know the choice again. */
  readonly #taken: number[] = [];
  readonly #options: number[] = [];
  readonly #marks: number[] = [];

  clear(): void {
    this.#cut(0);
  }

  pick(options: number, mark: number): number {
    if (options === 1) return 0;
    const depth = this.depth++;
    if (depth === this.#taken.length) {
      this.#taken.push(0);
      this.#options.push(options);
      this.#marks.push(mark);
    } else if (this.#options[depth] !== options || this.#marks[depth] !== mark) {
      throw new StraddleError(
        'nondeterminism',
        `The same choices led elsewhere: choice ${depth + 1} had ${this.#options[depth]!} options, and when it was repeated ${options}, or others. ` +
          "Something outside of straddle's control decides here: state kept between executions, real I/O, or a clock read before straddle was loaded.",
      );
    }
    return this.#taken[depth]!;
  }

  /** To the next path; false if this was the last one. */
  advance(): boolean {
    let last = this.#taken.length - 1;
    while (last >= 0 && this.#taken[last]! + 1 === this.#options[last]) last--;
    this.#cut(last + 1);
    if (last < 0) return false;
    this.#taken[last]!++;
    return true;
  }

  #cut(length: number): void {
    this.#taken.length = this.#options.length = this.#marks.length = length;
  }
}

/** Where the task that ran last is enabled to go on; a timer is no going on. */
function indexOfOwn(enabled: readonly EnabledOp[], task: number): number {
  return enabled.findIndex((op) => op.task.id === task && op.kind !== 'sleep' && op.kind !== 'timer');
}

function bound(name: string, value: number = Infinity): number {
  if (value !== Infinity && (!Number.isSafeInteger(value) || value < 0)) {
    throw new StraddleError(
      'usage',
      `exhaustive's bound '${name}' must be a whole number of 0 or more, not ${String(value)}.`,
    );
  }
  return value;
}
