import type { Op } from './op.ts';
import { lesser, reachOf, type Reach } from './reach.ts';
import type { Observer } from './run.ts';
import type { Scheduler } from './scheduler.ts';
import {
  baseIndex,
  Occurrences,
  type BaseOrder,
  type Deviation,
  type NotedDeviation,
  type OpName,
} from './schedule.ts';
import { DEVIATED, EARLY, JOINED } from './trace.ts';

interface Noted {
  readonly ran: OpName;
  /** What it takes to overtake all that was overtaken. */
  readonly overtaken: Reach;
  /** What it takes to keep this one waiting. */
  readonly own: Reach;
  /** What the two base orders would have run, where that is something else. */
  readonly natural: OpName | undefined;
  readonly steady: OpName | undefined;
}

/** Observes a replay so that its deviations from either base order can be named, and what they ask of the world. */
export class Notes implements Observer {
  /** For each step after the first, what else could have run; kept when asked for. */
  readonly others: OpName[][] = [];
  /** It has instrumented awaits. */
  awaits = false;
  readonly #scheduler: Scheduler;
  readonly #keepOthers: boolean;
  readonly #seen = new Occurrences();
  readonly #steps: Noted[] = [];
  #lastTask = 0;

  constructor(scheduler: Scheduler, keepOthers = false) {
    this.#scheduler = scheduler;
    this.#keepOthers = keepOthers;
  }

  begin(): void {
    this.#seen.clear();
    this.#lastTask = 0;
  }

  created(op: Op): void {
    if (op.kind === 'await') this.awaits = true;
  }

  within(_task: unknown, run: () => void): void {
    run();
  }

  chosen(enabled: readonly Op[], index: number, step: number): void {
    const op = enabled[index]!;
    let overtaken: Reach = 'today';
    for (let i = 0; i < index; i++) overtaken = lesser(overtaken, reachOf(enabled[i]!));
    const steady = baseIndex('steady', enabled, this.#lastTask);
    const nameAt = (i: number): OpName | undefined => (i === index ? undefined : this.#seen.nameOf(enabled[i]!));
    this.#steps[step] = {
      ran: this.#seen.nameOf(op),
      overtaken,
      own: reachOf(op),
      natural: nameAt(0),
      steady: nameAt(steady),
    };
    if (this.#keepOthers)
      this.others[step] = enabled.filter((_, i) => i !== index).map((one) => this.#seen.nameOf(one));
    this.#seen.ran(op);
    this.#lastTask = op.task.id;
  }

  fired(): void {
    // Chosen is enough.
  }

  end(): void {
    // The trace has the rest.
  }

  /** What the step ran. */
  ranAt(step: number): OpName {
    return this.#steps[step]!.ran;
  }

  /** What else could have run at the step, if that was to be kept. */
  alternativesAt(step: number): (Deviation & { readonly instead: OpName })[] {
    const instead = this.ranAt(step);
    return (this.others[step] ?? []).map((other) => ({ ...other, step, instead, joined: false, took: 0 }));
  }

  /** What the execution that has just ended asks of the world. */
  get reach(): Reach {
    const { trace } = this.#scheduler;
    let least: Reach = 'today';
    for (let step = 1; step < trace.length; step++)
      if (trace.has(step, DEVIATED))
        least = lesser(least, this.#reachAt(step, trace.has(step, JOINED), trace.took.get(step) ?? 0));
    return least;
  }

  /** The deviations of the execution that has just ended. */
  deviations(order: BaseOrder): NotedDeviation[] {
    const { trace } = this.#scheduler;
    const deviations: NotedDeviation[] = [];
    for (let step = 1; step < trace.length; step++) {
      const { ran, natural, steady } = this.#steps[step]!;
      const joined = trace.has(step, JOINED);
      const took = trace.took.get(step) ?? 0;
      if (order === 'natural' ? !trace.has(step, DEVIATED) : !joined && took === 0 && steady === undefined) continue;
      const other = order === 'natural' ? natural : steady;
      const place = joined ? { after: this.#steps[step - 1]!.ran } : { instead: other ?? ran };
      const early = trace.has(step, EARLY);
      deviations.push({ ...ran, ...place, step, joined, took, early, reach: this.#reachAt(step, joined, took) });
    }
    return deviations;
  }

  #reachAt(step: number, joined: boolean, took: number): Reach {
    const { overtaken, own, natural } = this.#steps[step]!;
    // Of two that are settled together the first has waited for the second.
    if (joined) return lesser(lesser(overtaken, own), this.#steps[step - 1]!.own);
    // In its natural place but for the drain before it: that kept it waiting.
    if (natural === undefined && took === 0) return lesser(overtaken, own);
    return overtaken;
  }
}
