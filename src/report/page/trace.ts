import type { OpName } from '../../../scheduler/schedule.ts';
import { DEVIATION, EARLY, MOST_OTHERS, STRIDE, TOGETHER, type PackedTrace } from '../page-data.ts';

/** One step, as the page shows it. */
export interface PageStep {
  readonly step: number;
  readonly task: string;
  readonly op: string;
  readonly kind: string;
  readonly key: string | undefined;
  readonly site: string | undefined;
  readonly time: number;
  readonly created: number;
  readonly settled: number;
  readonly deviation: boolean;
  readonly together: boolean;
  readonly early: boolean;
  readonly took: number;
}

/** A packed trace, read step by step: a hundred thousand of them are never all made into objects. */
export class PageTrace {
  readonly length: number;
  /** Task names in the order of their first steps. */
  readonly tasks: string[] = [];
  readonly #packed: PackedTrace;
  readonly #before: PageTrace | undefined;
  readonly #lanes: Int32Array;
  readonly #woken = new Map<number, number[]>();

  constructor(packed: PackedTrace, before?: PageTrace) {
    this.#packed = packed;
    this.#before = before;
    this.length = packed.shared + packed.words.length / STRIDE;
    this.#lanes = new Int32Array(this.length);
    const known = new Map<string, number>();
    for (let step = 0; step < this.length; step++) {
      const task = this.taskAt(step);
      let lane = known.get(task);
      if (lane === undefined) known.set(task, (lane = this.tasks.push(task) - 1));
      this.#lanes[step] = lane;
      const { settled } = this.edgesAt(step);
      if (step > 0 && settled !== step) {
        const woken = this.#woken.get(settled);
        if (woken === undefined) this.#woken.set(settled, [step]);
        else woken.push(step);
      }
    }
  }

  at(step: number): PageStep {
    if (step < this.#packed.shared) return this.#before!.at(step);
    const flags = this.#word(step, 8);
    return {
      step,
      task: this.#text(step, 0)!,
      op: this.#text(step, 1)!,
      kind: this.#text(step, 2)!,
      key: this.#text(step, 3),
      site: this.#text(step, 4),
      time: this.#word(step, 5),
      ...this.edgesAt(step),
      deviation: (flags & DEVIATION) !== 0,
      together: (flags & TOGETHER) !== 0,
      early: (flags & EARLY) !== 0,
      took: this.#word(step, 9),
    };
  }

  laneAt(step: number): number {
    return this.#lanes[step]!;
  }

  taskAt(step: number): string {
    return step < this.#packed.shared ? this.#before!.taskAt(step) : this.#text(step, 0)!;
  }

  deviatesAt(step: number): boolean {
    if (step < this.#packed.shared) return this.#before!.deviatesAt(step);
    return (this.#word(step, 8) & DEVIATION) !== 0;
  }

  edgesAt(step: number): { created: number; settled: number } {
    if (step < this.#packed.shared) return this.#before!.edgesAt(step);
    return { created: step - this.#word(step, 6), settled: step - this.#word(step, 7) };
  }

  /** Who could have run instead, and how many more. */
  othersAt(step: number): { names: string[]; more: number } {
    if (step < this.#packed.shared) return this.#before!.othersAt(step);
    const others = this.#packed.others[step] ?? [];
    const names = others.slice(0, MOST_OTHERS).map((place) => this.#packed.texts[place - 1]!);
    return { names, more: others[MOST_OTHERS] ?? 0 };
  }

  /** The steps that wait for what this step settles. */
  wokenBy(step: number): readonly number[] {
    return this.#woken.get(step) ?? [];
  }

  /** The step that ran this resumption, or −1. Names of tasks in a story may be those of their parents. */
  find({ task, op, nth }: OpName): number {
    let met = 0;
    let last = -1;
    for (let step = 1; step < this.length; step++) {
      const one = this.at(step);
      if (one.op !== op || one.task !== task) continue;
      last = step;
      if (++met === nth) return step;
    }
    return last;
  }

  #word(step: number, field: number): number {
    return this.#packed.words[(step - this.#packed.shared) * STRIDE + field]!;
  }

  #text(step: number, field: number): string | undefined {
    const place = this.#word(step, field);
    return place === 0 ? undefined : this.#packed.texts[place - 1];
  }
}

/** What a step did, in a few words. */
export function what({ kind, op, key }: PageStep): string {
  if (kind === 'start') return 'starts';
  return key === undefined ? op : `${op} [${key}]`;
}

export function milliseconds(ms: number): string {
  return `${Number(ms.toPrecision(6))} ms`;
}

/** What is special about a step. */
export function notes(step: PageStep, trace: PageTrace): string[] {
  const notes: string[] = [];
  if (step.early) notes.push('a timer that fires before work that could run');
  if (step.took > 0) notes.push(`took ${milliseconds(step.took)}`);
  if (step.together) notes.push('settled together with the step before');
  if (step.kind === 'point' && step.settled > step.created) {
    const opener = trace.at(step.settled);
    notes.push(`held since step ${step.created}, let go by step ${step.settled} (${opener.task} ${what(opener)})`);
  }
  return notes;
}
