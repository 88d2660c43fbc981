import type { Chooser } from '../scheduler/chooser.ts';
import type { Engine, Plan } from '../scheduler/control.ts';
import { Diagnosis } from '../scheduler/diagnosis.ts';
import { StraddleError } from '../scheduler/error.ts';
import type { RawFailure } from '../scheduler/failure.ts';
import { Notes } from '../scheduler/notes.ts';
import type { Op } from '../scheduler/op.ts';
import { printsOf } from '../scheduler/prints.ts';
import { ReplayChooser, RetraceChooser } from '../scheduler/replaying.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { Recording } from '../scheduler/token.ts';
import { Trace } from '../scheduler/trace.ts';
import type { Executions } from './executions.ts';
import type { Told } from './failing.ts';
import type { Guide } from './guide.ts';
import { nameOfStep } from './trials.ts';

/** The execution that a guide led to its end. */
export interface Guided {
  readonly diagnosis: Diagnosis;
  /** Of a schedule that left the recorded one; else undefined. */
  readonly told: Told | undefined;
}

/**
 * Replays under a guide, again and again until it is content. Going back is running again: the choices that were
 * made are made again up to the step, and from there the guide is asked.
 */
export function* guided(
  engine: Engine,
  executions: Executions,
  recording: Recording,
  guide: Guide,
  judge: (scheduler: Scheduler) => RawFailure | undefined,
): Plan<Guided> {
  const { scheduler } = engine;
  /** Choices other than the suggested ones, by step. */
  const choices = new Map<number, number>();
  for (let from = 1; ;) {
    guide.begin(from);
    const diagnosis = new Diagnosis(scheduler);
    const chooser = new GuidedChooser({ recording, guide, diagnosis, choices, from, scheduler });
    yield executions.replay(chooser, diagnosis);
    if (chooser.backTo !== undefined) {
      from = chooser.backTo;
      continue;
    }
    const failure = engine.interrupted ? undefined : judge(scheduler);
    const told = failure && { kind: failure.kind, message: failure.message };
    const again = guide.ended({ steps: scheduler.trace.length, hasLeft: choices.size > 0, failure: told });
    if (again === undefined) {
      return { diagnosis, told: choices.size > 0 ? yield* toldAnew(engine, executions, recording) : undefined };
    }
    from = again.backTo;
  }
}

/** The schedule that has just run, told as its deviations from natural order, with what they ask of the world. */
function* toldAnew({ scheduler }: Engine, executions: Executions, recording: Recording): Plan<Told> {
  const trace = new Trace();
  trace.copyFrom(scheduler.trace);
  const notes = new Notes(scheduler);
  yield executions.replay(new RetraceChooser(trace), notes);
  const { length } = scheduler.trace;
  return {
    order: 'natural',
    granularity: recording.granularity,
    deviations: notes.deviations('natural'),
    reach: notes.reach,
    steps: length,
    prints: printsOf(length, nameOfStep(scheduler)),
  };
}

interface Led {
  readonly recording: Recording;
  readonly guide: Guide;
  readonly diagnosis: Diagnosis;
  readonly choices: Map<number, number>;
  /** Steps before this one are not asked about. */
  readonly from: number;
  readonly scheduler: Scheduler;
}

class GuidedChooser implements Chooser {
  readonly bursts = true;
  /** The guide wants the execution run again up to this step. */
  backTo: number | undefined;
  readonly #led: Led;
  readonly #recorded: ReplayChooser;
  readonly #deviations: ReadonlySet<number>;
  #hasLeft = false;

  constructor(led: Led) {
    const { deviations, order, steps } = led.recording;
    this.#led = led;
    this.#recorded = new ReplayChooser(deviations, order, steps);
    this.#deviations = new Set(deviations.map(({ step }) => step));
  }

  choose(enabled: readonly Op[], step: number): number {
    const { choices, from } = this.#led;
    const chosen = choices.get(step);
    if (chosen !== undefined) return this.#leave(chosen);
    const suggested = this.#hasLeft ? 0 : this.#recorded.choose(enabled, step);
    return step < from ? suggested : this.#ask(enabled, step, suggested);
  }

  join(enabled: readonly Op[], step: number, natural: boolean): number {
    if (this.#hasLeft) return natural ? 0 : -1;
    return this.#recorded.join(enabled, step, natural);
  }

  take(limit: number): number {
    return this.#hasLeft ? 0 : this.#recorded.take(limit);
  }

  #ask(enabled: readonly Op[], step: number, suggested: number): number {
    const { guide, diagnosis, choices, recording, scheduler } = this.#led;
    const answer = guide.choose({
      step,
      recorded: recording.steps,
      time: scheduler.clock.now,
      runnable: diagnosis.runnable(enabled),
      suggested,
      isDeviation: !this.#hasLeft && this.#deviations.has(step),
      firstDeviation: recording.deviations[0]?.step,
      hasLeft: this.#hasLeft,
      waiting: diagnosis.waitingBesides(enabled),
      ran: () => diagnosis.steps().map((one) => ({ ...one, deviation: this.#deviations.has(one.step) })),
    });
    if (answer === 'next') return suggested;
    if ('choose' in answer) {
      if (answer.choose === suggested) return suggested;
      choices.set(step, answer.choose);
      return this.#leave(answer.choose);
    }
    this.backTo = Math.max(1, answer.backTo);
    // What was chosen after that step is undone.
    for (const at of choices.keys()) if (at >= this.backTo) choices.delete(at);
    throw new StraddleError('script', 'The guide went back.');
  }

  #leave(index: number): number {
    this.#hasLeft = true;
    return index;
  }
}
