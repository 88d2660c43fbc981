import type { EnabledOp } from '../op.ts';
import { generator } from '../world/chance.ts';
import { countSchedules } from './count.ts';

/** Bounds of a search; `together`: operations may be settled together. */
export interface Bounds {
  readonly preemptions: number;
  readonly delays: number;
  readonly together: boolean;
}

/** Steps that all probes of one estimate may take, and the most probes. */
const PROBED_STEPS = 50_000;
const MOST_PROBES = 500;
/** Schedules by steps by tasks that are counted rather than estimated, and the most steps of one of them. */
const MOST_COUNTED = 200_000;
const LONGEST_COUNTED = 500;

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
   * About how many schedules there are within the bounds: exact for chains without bounds and bursts, and where few
   * are asked for; otherwise the mean over random probes of the product of the numbers of options. The same each time
   * it is asked.
   *
   * @param most what is larger need not be known closely.
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
    const cost = Math.max(1, this.steps * tasks.length);
    if (most * cost <= MOST_COUNTED && this.steps <= LONGEST_COUNTED) return countSchedules(tasks, bounds, most);
    const probes = Math.min(MOST_PROBES, Math.ceil(PROBED_STEPS / cost));
    // With that much in sum, it is larger than asked for.
    const enough = (most + 1) * probes;
    const probe = new Probe(tasks, bounds, generator('probes'));
    let sum = 0;
    for (let i = 0; i < probes && sum < enough; i++) sum += probe.run(enough - sum);
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

/** Walks through the space at random, again and again. */
class Probe {
  readonly #tasks: readonly (readonly boolean[])[];
  readonly #bounds: Bounds;
  readonly #random: () => number;
  /** By task: its steps so far. */
  readonly #made: number[];
  /** Tasks that have a step left, and those of them that may be settled together with another one. */
  readonly #open: number[] = [];
  readonly #waiting: number[] = [];
  #delays = 0;
  #product = 1;

  constructor(tasks: readonly (readonly boolean[])[], bounds: Bounds, random: () => number) {
    this.#tasks = tasks;
    this.#bounds = bounds;
    this.#random = random;
    this.#made = tasks.map(() => 0);
  }

  /** The product of the numbers of options, or what of it is `enough`. */
  run(enough: number): number {
    const { together } = this.#bounds;
    const open = this.#open;
    const waiting = this.#waiting;
    let { preemptions } = this.#bounds;
    let last = -1;
    this.#made.fill(0);
    this.#delays = this.#bounds.delays;
    this.#product = 1;
    while (this.#product < enough) {
      const goesOn = this.#findOpen(last);
      if (open.length === 0) break;
      const place = this.#pick(goesOn && preemptions === 0 ? 1 : open.length);
      if (goesOn && place > 0) preemptions--;
      last = open[place]!;
      let settles = this.#step(last);
      if (!together || !settles) continue;
      this.#findWaiting(last);
      while (settles && waiting.length > 0) {
        const joined = this.#pick(waiting.length + 1);
        if (joined === 0) break;
        last = waiting[joined - 1]!;
        for (let i = joined; i < waiting.length; i++) waiting[i - 1] = waiting[i]!;
        waiting.pop();
        settles = this.#step(last);
      }
    }
    return this.#product;
  }

  /** In order, but `last` first; true if that has a step left. */
  #findOpen(last: number): boolean {
    const open = this.#open;
    while (open.length > 0) open.pop();
    const goesOn = last >= 0 && this.#isOpen(last);
    if (goesOn) open.push(last);
    for (let task = 0; task < this.#tasks.length; task++) if (task !== last && this.#isOpen(task)) open.push(task);
    return goesOn;
  }

  #findWaiting(chosen: number): void {
    const waiting = this.#waiting;
    while (waiting.length > 0) waiting.pop();
    for (const task of this.#open) {
      if (task !== chosen && this.#tasks[task]![this.#made[task]!] === true) waiting.push(task);
    }
  }

  #isOpen(task: number): boolean {
    return this.#made[task]! < this.#tasks[task]!.length;
  }

  /** Whether it settles a promise. */
  #step(task: number): boolean {
    return this.#tasks[task]![this.#made[task]!++]!;
  }

  /** One of so many options. */
  #pick(options: number): number {
    const allowed = Math.min(options, this.#delays + 1);
    this.#product *= allowed;
    const place = allowed === 1 ? 0 : Math.floor(this.#random() * allowed);
    this.#delays -= place;
    return place;
  }
}
