import type { RawFailure } from '../scheduler/failure.ts';
import { RetraceChooser } from '../scheduler/replaying.ts';
import type { Labels } from '../scheduler/schedule.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { Trace } from '../scheduler/trace.ts';
import { tellOutcome } from './outcome.ts';

const BLAME =
  "Something outside of straddle's control decides here: state kept between executions, real I/O, or a clock read before straddle was loaded.";

/** An execution that is kept to be compared with its repetition. */
export class Original {
  readonly trace = new Trace();
  /** Makes its choices again. */
  readonly chooser = new RetraceChooser(this.trace);
  readonly #tasks: string[] = [];
  #labels!: Labels;
  #outcome: RawFailure | undefined;

  /** Keeps the execution that has just run. */
  keep(scheduler: Scheduler, outcome: RawFailure | undefined): this {
    const { trace, tasks, labels } = scheduler;
    this.trace.copyFrom(trace);
    for (let id = 0; id < tasks.count; id++) this.#tasks[id] = tasks.all[id]!.name;
    this.#labels = labels;
    this.#outcome = outcome;
    return this;
  }

  /** What a step ran, by name. */
  readonly nameOf = (step: number): string =>
    `${this.#tasks[this.trace.taskAt(step)]!} at ${this.#labels.nameOf(this.trace.labelAt(step))}`;

  /**
   * Where the execution that has just run, of the same schedule, differs from this one: in a sentence that names
   * both sides, or `undefined`. Of failures only the kind counts: a message may have an address in it.
   */
  differenceFrom(scheduler: Scheduler, outcome: RawFailure | undefined): string | undefined {
    const what = this.#stepThatDiffers(scheduler) ?? this.#endThatDiffers(outcome);
    return what === undefined ? undefined : `The same schedule ran differently when it was repeated: ${what}. ${BLAME}`;
  }

  #stepThatDiffers({ trace, tasks, labels }: Scheduler): string | undefined {
    const step = firstDifference(this.trace, trace);
    if (step === undefined) return undefined;
    const first = step < this.trace.length ? this.nameOf(step) : 'the end';
    const second =
      step < trace.length
        ? `${tasks.all[trace.taskAt(step)]!.name} at ${labels.nameOf(trace.labelAt(step))}`
        : 'the end';
    return first === second
      ? `at step ${step}, both ran ${first}, but for other reasons (other operations were enabled or had settled it)`
      : `at step ${step}, the first time it was ${first}, the second time ${second}`;
  }

  #endThatDiffers(outcome: RawFailure | undefined): string | undefined {
    if (outcome?.kind === this.#outcome?.kind) return undefined;
    return `with the same steps, the first time ${tellOutcome(this.#outcome)}, the second time ${tellOutcome(outcome)}`;
  }
}

/** The first step in which the two differ, the time that it took included. */
function firstDifference(first: Trace, second: Trace): number | undefined {
  const step = first.firstDifference(second);
  if (step < 0 && first.took.size === 0 && second.took.size === 0) return undefined;
  const steps = [...first.took.keys(), ...second.took.keys()].filter(
    (at) => first.took.get(at) !== second.took.get(at),
  );
  if (step >= 0) steps.push(step);
  return steps.length === 0 ? undefined : Math.min(...steps);
}
