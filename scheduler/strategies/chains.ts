import type { EnabledOp } from '../op.ts';
import { generator } from '../world/chance.ts';

/** Bounds of a search; `together`: operations may be settled together. */
export interface Bounds {
  readonly preemptions: number;
  readonly delays: number;
  readonly together: boolean;
}

/** Steps that all probes of one estimate may take, and the most probes. */
const PROBED_STEPS = 50_000;
const MOST_PROBES = 500;

/**
 * The tasks of one execution, taken for chains of steps that can run from the beginning in any order to one another:
 * what the size of the space is estimated from before it has been explored. Tasks that wait for each other make it
 * smaller, tasks that do other things in other orders make it larger or smaller.
 */
export class Chains {
  /** By task: which of its steps settle a promise. */
  readonly #tasks: boolean[][] = [];
  steps = 0;
  /** What was asked last, and the answer. */
  #asked: [bounds: Bounds, most: number, schedules: number] | undefined;

  clear(): void {
    this.#tasks.length = 0;
    this.steps = 0;
    this.#asked = undefined;
  }

  /** The next step of the execution. */
  ran({ task, settles }: EnabledOp): void {
    (this.#tasks[task.id] ??= []).push(settles);
    this.steps++;
    this.#asked = undefined;
  }

  /**
   * About how many schedules there are within the bounds: exact for chains without bounds and bursts, otherwise the
   * mean over random probes of the product of the numbers of options. The same each time it is asked.
   *
   * @param most what is larger need not be estimated closely.
   *
   * Source: Knuth, "Estimating the efficiency of backtrack programs", Mathematics of Computation 29 (1975).
   */
  schedules(bounds: Bounds, most = Infinity): number {
    const asked = this.#asked;
    if (asked !== undefined && asked[0] === bounds && asked[1] === most) return asked[2];
    const schedules = this.#estimate(bounds, most);
    this.#asked = [bounds, most, schedules];
    return schedules;
  }

  #estimate(bounds: Bounds, most: number): number {
    const tasks = this.#tasks.filter((steps) => steps !== undefined);
    if (bounds.preemptions === Infinity && bounds.delays === Infinity) {
      const least = interleavings(tasks);
      if (!bounds.together || least > most) return least;
    }
    const random = generator('probes');
    const cost = Math.max(1, this.steps * tasks.length);
    const probes = Math.min(MOST_PROBES, Math.ceil(PROBED_STEPS / cost));
    let sum = 0;
    for (let i = 0; i < probes; i++) sum += probe(tasks, bounds, random);
    return Math.round(sum / probes);
  }
}

/** The multinomial coefficient. */
function interleavings(tasks: readonly (readonly boolean[])[]): number {
  let schedules = 1;
  let steps = 0;
  for (const { length } of tasks) for (let i = 1; i <= length; i++) schedules *= ++steps / i;
  return Math.round(schedules);
}

function probe(tasks: readonly (readonly boolean[])[], bounds: Bounds, random: () => number): number {
  const made = tasks.map(() => 0);
  let { preemptions, delays } = bounds;
  let product = 1;
  let last = -1;

  const isOpen = (task: number): boolean => made[task]! < tasks[task]!.length;
  /** One of so many options. */
  const pick = (options: number): number => {
    const allowed = Math.min(options, delays + 1);
    product *= allowed;
    const place = allowed === 1 ? 0 : Math.floor(random() * allowed);
    delays -= place;
    return place;
  };

  for (;;) {
    const open = [...tasks.keys()].filter(isOpen);
    if (open.length === 0) return product;
    const goesOn = last >= 0 && isOpen(last);
    if (goesOn) open.sort((a, b) => Number(b === last) - Number(a === last));
    const place = pick(goesOn && preemptions === 0 ? 1 : open.length);
    if (goesOn && place > 0) preemptions--;
    last = open[place]!;
    let settles = tasks[last]![made[last]!++]!;
    const waiting = open.filter((task) => task !== last && tasks[task]![made[task]!] === true);
    while (bounds.together && settles && waiting.length > 0) {
      const joined = pick(waiting.length + 1);
      if (joined === 0) break;
      [last] = waiting.splice(joined - 1, 1) as [number];
      settles = tasks[last]![made[last]!++]!;
    }
  }
}
