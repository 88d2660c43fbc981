import { ReplayChooser } from '../scheduler/chooser.ts';
import { control, type Engine, type Plan } from '../scheduler/control.ts';
import { Diagnosis } from '../scheduler/diagnosis.ts';
import { StraddleError } from '../scheduler/error.ts';
import type { Sim } from '../scheduler/sim.ts';
import { decodeToken, firstForeignSteps, type Recording } from '../scheduler/token.ts';
import { Branches } from './branches.ts';
import { Executions } from './executions.ts';
import { describe, nameOfStep } from './failing.ts';
import { requireBody, settle, type ExploreOptions } from './options.ts';
import { Straddling } from './straddling.ts';
import type { Failure, Report } from './report.ts';

/** Thrown when a token does not fit the body; `report` tells what ran nevertheless. */
export class TokenMismatchError extends StraddleError {
  readonly report: Report;

  constructor(message: string, report: Report) {
    super('token-mismatch', message);
    this.report = report;
  }
}

/**
 * Runs exactly one execution: the one that the token recorded. Deviations are followed by name.
 *
 * @throws StraddleError `token` for a token that cannot be read, `token-mismatch` when the body met other
 *   operations than were recorded: at which step, and what was expected there.
 */
export async function replay(
  body: (sim: Sim) => unknown,
  token: string,
  options: ExploreOptions = {},
): Promise<Report> {
  requireBody(body);
  const settings = settle(options);
  const recording = decodeToken(token);
  const branches = new Branches(settings.branches);
  branches.counting = true;
  const executions = new Executions(body, recording);
  const limits = { budgetMs: settings.budgetMs, signal: settings.signal, onBranch: branches.hit };
  return control(limits, (engine) => plan(engine, executions, recording, branches));
}

function* plan(engine: Engine, executions: Executions, recording: Recording, branches: Branches): Plan<Report> {
  const { scheduler } = engine;
  const chooser = new ReplayChooser(recording.deviations);
  const diagnosis = new Diagnosis(scheduler);
  executions.next(chooser, recording.execution, recording.seed, recording.time === 'elastic');
  yield executions.replay(chooser, diagnosis);
  if (branches.misuse !== undefined) throw branches.misuse;
  branches.close(recording.execution);
  const straddling = new Straddling();
  straddling.add(scheduler.trace, 1);
  let failure: Failure | undefined;
  if (scheduler.failure !== undefined) {
    failure = describe(
      engine,
      executions,
      recording,
      scheduler.failure,
      recording.deviations,
      diagnosis,
      recording.execution,
      'replay',
    );
  }
  const report: Report = {
    verdict: failure === undefined ? 'pass' : 'fail',
    executions: 1,
    steps: scheduler.trace.length,
    distinct: 1,
    exhaustive: false,
    seed: recording.seed,
    strategy: 'replay',
    elapsedMs: engine.elapsedMs(),
    branches: branches.counts(1),
    branchTable: branches.rows,
    straddled: straddling.counts(scheduler.labels),
    ...(failure === undefined ? {} : { failure }),
    vacuous: [],
    warnings: [],
  };
  const mismatch = mismatchOf(engine, recording, chooser);
  if (mismatch !== undefined) throw new TokenMismatchError(mismatch, report);
  return report;
}

function mismatchOf(engine: Engine, recording: Recording, chooser: ReplayChooser): string | undefined {
  const { scheduler } = engine;
  const { mismatch } = chooser;
  const nameOf = nameOfStep(scheduler);
  const foreign = firstForeignSteps(recording, scheduler.trace.length, nameOf);
  if (foreign === undefined && mismatch === undefined) return undefined;
  if (mismatch !== undefined && (foreign === undefined || mismatch.step <= foreign.from)) {
    return `This token does not fit the body: at step ${mismatch.step} it expects ${mismatch.expected.task} at ${mismatch.expected.op}, but these can run: ${mismatch.met.join(', ')}.`;
  }
  const { from, to } = foreign!;
  const steps = from === to ? `step ${from}` : `one of the steps ${from} to ${to}`;
  const met = from < scheduler.trace.length ? nameOf(from) : 'the end of the execution';
  const next = recording.deviations.find(({ step }) => step >= from);
  const expected =
    next === undefined ? '' : `; the next recorded deviation is ${next.task} at ${next.op} in step ${next.step}`;
  return `This token does not fit the body: at ${steps} another operation was recorded than the one met here (${met})${expected}.`;
}
