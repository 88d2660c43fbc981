import { ReplayChooser } from '../scheduler/chooser.ts';
import type { Engine, Plan } from '../scheduler/control.ts';
import { Diagnosis } from '../scheduler/diagnosis.ts';
import type { RawFailure } from '../scheduler/failure.ts';
import { deviationsOf, type Deviation } from '../scheduler/schedule.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { encodeToken, printsOf } from '../scheduler/token.ts';
import { PREEMPTED, Trace } from '../scheduler/trace.ts';
import type { Executions } from './executions.ts';
import { minimise, sameFailure } from './minimise.ts';
import type { Settings } from './options.ts';
import type { Failure } from './report.ts';

/** What a step ran, by name: the fingerprint of an operation. */
export function nameOfStep(scheduler: Scheduler): (step: number) => string {
  const { trace, tasks, labels } = scheduler;
  return (step) => `${tasks.all[trace.taskAt(step)]!.name} at ${labels.nameOf(trace.labelAt(step))}`;
}

/**
 * Where the execution that has just run differs from an earlier one of the same schedule, in one sentence, or
 * `undefined`.
 */
export function differenceOf(before: Trace, taskNames: readonly string[], scheduler: Scheduler): string | undefined {
  const { trace, labels } = scheduler;
  const step = before.firstDifference(trace);
  if (step < 0) return undefined;
  const first =
    step < before.length ? `${taskNames[before.taskAt(step)]!} at ${labels.nameOf(before.labelAt(step))}` : 'the end';
  const second = step < trace.length ? nameOfStep(scheduler)(step) : 'the end';
  const what =
    first === second
      ? `both ran ${first}, but for other reasons (other operations were enabled or had settled it)`
      : `the first time it was ${first}, the second time ${second}`;
  return `The same schedule ran differently when it was repeated: at step ${step}, ${what}. Something outside of straddle's control decides here: state kept between executions, real I/O, or a clock read before straddle was loaded.`;
}

/** Replays a failure, minimises it, and watches it once more for the story. */
export function* confirm(
  engine: Engine,
  executions: Executions,
  settings: Settings,
  found: RawFailure,
  foundBy: string,
): Plan<Failure> {
  const { scheduler } = engine;
  const { trace, tasks, labels } = scheduler;
  const { execution } = executions.spec;
  const original = deviationsOf(trace, tasks, labels);
  let failure = found;
  let deviations: readonly Deviation[] = original;
  if (found.kind !== 'script' && found.kind !== 'nondeterminism' && found.kind !== 'leak' && !engine.interrupted) {
    const before = new Trace();
    before.copyFrom(trace);
    const names = Array.from({ length: tasks.count }, (_, id) => tasks.all[id]!.name);
    yield executions.replay(new ReplayChooser(original));
    const difference = differenceOf(before, names, scheduler);
    if (difference !== undefined && !engine.interrupted) {
      failure = {
        kind: 'nondeterminism',
        message: `${difference} The failure was: ${found.message}`,
        error: found.error,
      };
    } else {
      deviations = yield* minimise(engine, executions, found, original);
    }
  }
  const diagnosis = new Diagnosis(scheduler);
  yield executions.replay(new ReplayChooser(deviations), diagnosis);
  // The last execution is the one that is told: its error carries the stack of this very schedule.
  const last = scheduler.failure;
  if (last !== undefined && sameFailure(failure, last)) failure = last;
  return describe(engine, executions, settings, failure, deviations, diagnosis, execution, foundBy);
}

/** The failure of the execution that has just been watched. */
export function describe(
  engine: Engine,
  executions: Executions,
  settings: Pick<Settings, 'granularity'>,
  failure: RawFailure,
  deviations: readonly Deviation[],
  diagnosis: Diagnosis,
  execution: number,
  foundBy: string,
): Failure {
  const { scheduler } = engine;
  const { spec } = executions;
  const steps = scheduler.trace.length;
  const token = encodeToken({
    seed: spec.seed,
    execution: spec.execution,
    granularity: settings.granularity,
    time: spec.elastic ? 'elastic' : 'idle',
    stallMs: spec.stallMs,
    maxSteps: spec.maxSteps,
    deviations,
    prints: printsOf(steps, nameOfStep(scheduler)),
    steps,
  });
  const waiting = failure.kind === 'deadlock' || failure.kind === 'stalled-gate' ? diagnosis.waiting : [];
  const message =
    failure.kind === 'deadlock' && waiting.length > 0
      ? `Nothing can run any more: ${waiting.map(({ task, on, site }) => `${task} waits on ${on}${site === undefined ? '' : ` (${site})`}`).join('; ')}.`
      : failure.message;
  return {
    kind: failure.kind,
    message,
    ...(failure.error === undefined ? {} : { error: failure.error }),
    token,
    deviations: deviations.length,
    preemptions: scheduler.trace.count(PREEMPTED),
    execution,
    foundBy,
    reach: 'today',
    trace: diagnosis.steps(),
    waiting,
  };
}
