import { control, type Engine, type Plan } from '../scheduler/control.ts';
import { Diagnosis } from '../scheduler/diagnosis.ts';
import { StraddleError } from '../scheduler/error.ts';
import type { RawFailure } from '../scheduler/failure.ts';
import { firstForeignSteps } from '../scheduler/prints.ts';
import { ReplayChooser, RetraceChooser, StoppingChooser } from '../scheduler/replaying.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { Sim } from '../scheduler/sim.ts';
import { decodeToken, showDeviation, type Recording } from '../scheduler/token.ts';
import { Branches } from './branches.ts';
import { Executions } from './executions.ts';
import { describe, toldOf, type Told } from './failing.ts';
import { guideOfProcess } from './guide.ts';
import { requireBody, settle, type ExploreOptions, type Settings } from './options.ts';
import { outcomeOf } from './outcome.ts';
import { Original } from './repetition.ts';
import type { Failure, Report } from './report.ts';
import { Straddling } from './straddling.ts';
import { nameOfStep } from './trials.ts';
import { guided } from './guided.ts';

/** Thrown when a token does not fit the body; `report` tells what ran nevertheless. */
export class TokenMismatchError extends StraddleError {
  readonly report: Report;

  constructor(message: string, report: Report) {
    super('token-mismatch', message);
    this.report = report;
  }
}

/**
 * Runs exactly one execution: the one that the token recorded (twice, if the failure was that two executions
 * of it differed). Deviations are followed by name, as far as they can be.
 *
 * @throws StraddleError `token` for a token that cannot be read, `interrupted` if the budget ends first.
 * @throws TokenMismatchError `token-mismatch` when the body met other operations than were recorded: at which
 *   step, what was expected there and what was met; its report tells how the execution ended.
 */
export async function replay(
  body: (sim: Sim) => unknown,
  token: string,
  options: ExploreOptions = {},
): Promise<Report> {
  requireBody(body);
  const settings = settle(options);
  const branches = new Branches(settings.branches);
  const limits = { budgetMs: settings.budgetMs, signal: settings.signal, onBranch: branches.hit };
  decodeToken(token);
  return control(limits, (engine) => replaying(engine, body, token, settings, branches));
}

/** The plan of a replay; for errors see `replay`. */
export function replaying(
  engine: Engine,
  body: (sim: Sim) => unknown,
  token: string,
  settings: Pick<Settings, 'leaks'>,
  branches: Branches,
): Plan<Report> {
  const recording = decodeToken(token);
  const executions = new Executions(body, recording);
  return new Replay(recording, executions, branches, settings.leaks === 'fail' || recording.kind === 'leak').plan(
    engine,
  );
}

class Replay {
  readonly #recording: Recording;
  readonly #executions: Executions;
  readonly #branches: Branches;
  readonly #leaks: boolean;

  constructor(recording: Recording, executions: Executions, branches: Branches, leaks: boolean) {
    this.#recording = recording;
    this.#executions = executions;
    this.#branches = branches;
    this.#leaks = leaks;
  }

  *plan(engine: Engine): Plan<Report> {
    const { scheduler } = engine;
    const { execution, seed, time, kind, deviations, order, steps } = this.#recording;
    const followed = new ReplayChooser(deviations, order, steps);
    this.#executions.next(followed, execution, seed, time === 'elastic');
    const guide = guideOfProcess();
    if (guide !== undefined && kind !== 'nondeterminism') {
      const walked = yield* guided(engine, this.#executions, this.#recording, guide, (run) => this.#judge(run));
      return this.#report(engine, this.#judge(scheduler), walked.diagnosis, walked.told);
    }
    const diagnosis = new Diagnosis(scheduler);
    let mismatch: string | undefined;
    let difference: string | undefined;
    if (kind === 'nondeterminism') {
      yield* this.#run(engine, followed);
      mismatch = mismatchOf(scheduler, this.#recording, followed);
      const first = new Original().keep(scheduler, this.#judge(scheduler));
      yield* this.#run(engine, new RetraceChooser(first.trace), diagnosis);
      difference = mismatch ?? first.differenceFrom(scheduler, this.#judge(scheduler));
    } else {
      yield* this.#run(engine, this.#stopping(followed), diagnosis);
      mismatch = mismatchOf(scheduler, this.#recording, followed);
    }
    const failure = difference === undefined ? this.#judge(scheduler) : nondeterminism(difference);
    const report = this.#report(engine, failure, diagnosis);
    if (difference === undefined && mismatch !== undefined) throw new TokenMismatchError(mismatch, report);
    return report;
  }

  /** One execution; the last one counts. */
  *#run(engine: Engine, chooser: ReplayChooser | RetraceChooser | StoppingChooser, diagnosis?: Diagnosis): Plan<void> {
    this.#branches.counting = diagnosis !== undefined;
    yield this.#executions.replay(chooser, diagnosis);
    if (this.#branches.misuse !== undefined) throw this.#branches.misuse;
    if (engine.interrupted) {
      throw new StraddleError(
        'interrupted',
        'The budget or the signal ended the replay before its execution had ended.',
      );
    }
  }

  #stopping(chooser: ReplayChooser): ReplayChooser | StoppingChooser {
    const { script } = this.#recording;
    if (script === undefined || script.step < 0) return chooser;
    return new StoppingChooser(chooser, script.step, new StraddleError('script', script.message));
  }

  #judge(scheduler: Scheduler): RawFailure | undefined {
    const { script } = this.#recording;
    const outcome = outcomeOf(scheduler, this.#leaks);
    if (outcome !== undefined || script?.step !== -1) return outcome;
    const { message } = script;
    return { kind: 'script', message, error: new StraddleError('script', message) };
  }

  #report(engine: Engine, raw: RawFailure | undefined, diagnosis: Diagnosis, walked?: Told): Report {
    const { scheduler } = engine;
    const { seed, execution, script } = this.#recording;
    const straddling = new Straddling();
    straddling.add(scheduler.trace);
    this.#branches.close(execution);
    let failure: Failure | undefined;
    if (raw !== undefined) {
      const told = walked ?? toldOf(this.#recording, scheduler);
      failure = describe(engine, this.#executions, { told, failure: raw, diagnosis, foundBy: 'replay', script });
    }
    return {
      verdict: failure === undefined ? 'pass' : 'fail',
      executions: 1,
      steps: scheduler.trace.length,
      distinct: 1,
      exhaustive: false,
      seed,
      strategy: 'replay',
      elapsedMs: engine.elapsedMs(),
      branches: this.#branches.counts(1),
      branchTable: this.#branches.rows,
      straddled: straddling.counts(scheduler.labels),
      ...(failure === undefined ? {} : { failure }),
      vacuous: [],
      warnings: engine.scheduler.health.list(),
    };
  }
}

function nondeterminism(message: string): RawFailure {
  return { kind: 'nondeterminism', message };
}

/** Where the execution that has just run stopped matching the recorded one, in a sentence. */
function mismatchOf(scheduler: Scheduler, recording: Recording, chooser: ReplayChooser): string | undefined {
  const { length } = scheduler.trace;
  const nameOf = nameOfStep(scheduler);
  const foreign = firstForeignSteps(recording, length, nameOf);
  const { mismatch, unfollowed } = chooser;
  const [lost] = unfollowed;
  if (foreign === undefined && lost === undefined) return undefined;
  const parts: string[] = [];
  if (foreign !== undefined) {
    const { from, to } = foreign;
    const where = from === to ? `at step ${from}` : `at one of the steps ${from} to ${to}`;
    const met = from < length ? `here it is ${nameOf(from)}` : 'here the execution has ended';
    parts.push(`${where} another operation was recorded${from === to ? `; ${met}` : ''}`);
  }
  if (mismatch !== undefined) {
    const { expected, step, met } = mismatch;
    parts.push(
      `at step ${step} '${showDeviation(expected)}' was expected, but only these could run: ${met.join(', ')}`,
    );
  } else if (lost !== undefined) {
    parts.push(`'${showDeviation(lost)}' was expected, but the execution ended without it`);
  } else {
    parts.push(`every one of the recorded deviations could still be followed`);
  }
  return `This token does not fit the body any more: ${parts.join('; ')}.`;
}
