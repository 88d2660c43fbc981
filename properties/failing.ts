import type { Engine, Plan } from '../scheduler/control.ts';
import { Diagnosis, type Step } from '../scheduler/diagnosis.ts';
import type { StraddleError } from '../scheduler/error.ts';
import { tellCircle, type RawFailure } from '../scheduler/failure.ts';
import { Notes } from '../scheduler/notes.ts';
import { printsOf } from '../scheduler/prints.ts';
import type { Reach } from '../scheduler/reach.ts';
import { ReplayChooser, RetraceChooser, StoppingChooser } from '../scheduler/replaying.ts';
import { deviationsByStep, type BaseOrder, type Deviation } from '../scheduler/schedule.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { encodeToken, type Recording } from '../scheduler/token.ts';
import { JOINED, PREEMPTED } from '../scheduler/trace.ts';
import { generator } from '../scheduler/world/chance.ts';
import { START_TIME } from '../scheduler/world/clock.ts';
import { decide, type Decided, type Decision } from './deciding.ts';
import type { Executions } from './executions.ts';
import { minimise } from './minimise.ts';
import type { Settings } from './options.ts';
import { hasNumbers, outcomeOf, sameFailure, sameFault } from './outcome.ts';
import { raise } from './raise.ts';
import { Original } from './repetition.ts';
import type { Failure } from './report.ts';
import { better, nameOfStep, Trials, type Budget, type Granularity } from './trials.ts';

/** What may be spent on making a failure small: of a long execution some 500 trials, of the longest fewer. */
const minimising = (steps: number): Budget => ({
  executions: 2000,
  steps: Math.min(Math.max(100_000, 500 * steps), 500_000),
});

/** And on its reach, and on its deciding pair. */
const RAISING: Budget = { executions: 500, steps: 50_000 };
const DECIDING: Budget = { executions: 200, steps: 20_000 };

/** Deviations above which the numbers in the message may change if that makes the story shorter. */
const MOST_TOLD = 3;

/** A schedule as it is told: everything that a token needs of it. */
export interface Told {
  readonly order: BaseOrder;
  readonly granularity: Granularity;
  readonly deviations: readonly Deviation[];
  readonly reach: Reach;
  readonly steps: number;
  readonly prints: string;
}

/** What a replay told: the recorded schedule, with the steps that it had now. */
export function toldOf(recorded: Told, scheduler: Scheduler): Told {
  const { length } = scheduler.trace;
  return { ...recorded, steps: length, prints: printsOf(length, nameOfStep(scheduler)) };
}

/**
 * Confirms the failure of the execution that has just run by a replay, minimises it, and watches it for the story.
 * @param asFound tells it as it is, against this order: somebody else minimises.
 */
export function* confirm(
  engine: Engine,
  executions: Executions,
  settings: Settings,
  found: RawFailure,
  foundBy: string,
  asFound?: BaseOrder,
): Plan<Failure> {
  return yield* new Confirmation(engine, executions, settings, found, asFound).tell(foundBy);
}

class Confirmation {
  readonly #engine: Engine;
  readonly #executions: Executions;
  readonly #settings: Settings;
  readonly #found: RawFailure;
  readonly #original: Original;
  /** For a script: the step at which it could not be followed, or −1 if it was left unplayed at the end. */
  readonly #script: Recording['script'];
  /** As it was found, to be followed by step. */
  readonly #unconfirmed: Told;
  readonly #asFound: BaseOrder | undefined;

  constructor(engine: Engine, executions: Executions, settings: Settings, found: RawFailure, asFound?: BaseOrder) {
    this.#asFound = asFound;
    const { scheduler } = engine;
    const { trace } = scheduler;
    this.#engine = engine;
    this.#executions = executions;
    this.#settings = settings;
    this.#found = found;
    this.#original = new Original().keep(scheduler, found);
    this.#script = found.kind === 'script' ? scriptOf(scheduler, found) : undefined;
    this.#unconfirmed = {
      order: 'natural',
      granularity: settings.granularity,
      deviations: deviationsByStep(trace, scheduler.tasks, scheduler.labels),
      reach: 'today',
      steps: trace.length,
      prints: printsOf(trace.length, this.#original.nameOf),
    };
  }

  readonly #judge = (scheduler: Scheduler): RawFailure | undefined =>
    outcomeOf(scheduler, this.#settings.leaks === 'fail') ?? (this.#script?.step === -1 ? this.#found : undefined);

  *tell(foundBy: string): Plan<Failure> {
    let failure = this.#found;
    let told = this.#unconfirmed;
    let decided: Decided | undefined;
    if (failure.kind !== 'nondeterminism' && !this.#engine.interrupted) {
      const { scheduler } = this.#engine;
      const notes = new Notes(scheduler);
      yield this.#executions.replay(this.#stopping(new RetraceChooser(this.#original.trace)), notes);
      const outcome = this.#judge(scheduler);
      const difference = this.#engine.interrupted ? undefined : this.#original.differenceFrom(scheduler, outcome);
      if (difference !== undefined) failure = nondeterminism(difference, this.#found);
      else if (failure.kind === 'script')
        told = { ...told, deviations: notes.deviations('natural'), reach: notes.reach };
      else if (!this.#engine.interrupted) [told, decided] = yield* this.#minimised(notes, outcome!);
    }
    const nearestPassing = decided === undefined ? undefined : yield* this.#watchPassing(told, decided);
    const diagnosis = new Diagnosis(this.#engine.scheduler);
    const chooser = this.#stopping(new ReplayChooser(told.deviations, told.order, told.steps));
    yield this.#executions.replay(chooser, diagnosis, { awaits: told.granularity === 'await' });
    failure = this.#watched(failure, told);
    const script = this.#script;
    const decision = decided?.decision;
    const about = { told, failure, diagnosis, foundBy, decision, nearestPassing, script };
    return describe(this.#engine, this.#executions, about);
  }

  /** The steps of the nearest passing schedule; nothing where it does not pass once more. */
  *#watchPassing(told: Told, { passing }: Decided): Plan<readonly Step[] | undefined> {
    const diagnosis = new Diagnosis(this.#engine.scheduler);
    const chooser = new ReplayChooser(passing, told.order);
    yield this.#executions.replay(chooser, diagnosis, { awaits: told.granularity === 'await' });
    if (this.#engine.interrupted || this.#judge(this.#engine.scheduler) !== undefined) return undefined;
    const deviating = new Set(passing.map(({ step }) => step));
    return diagnosis.steps().map((step) => ({ ...step, deviation: deviating.has(step.step) }));
  }

  /** Small, of the greatest reach, and where it is decided. */
  *#minimised(notes: Notes, outcome: RawFailure): Plan<[Told, Decided | undefined]> {
    const found = this.#found;
    // A message that is another one each time says nothing.
    const isStable = sameFailure(found, outcome);
    let isSame: (a: RawFailure, b: RawFailure) => boolean = isStable ? sameFailure : (a, b) => a.kind === b.kind;
    const trials = (budget: Budget): Trials =>
      new Trials(this.#engine, this.#executions, {
        budget,
        judge: this.#judge,
        same: (other) => isSame(found, other),
        maxSteps: this.#mostSteps(),
      });
    const { granularity, seed } = this.#settings;
    const budget = minimising(this.#original.trace.length);
    const first = trials(budget);
    const trial = { same: true, passed: false, notes };
    if (this.#asFound !== undefined) return [first.scheduleOf(trial, this.#asFound, granularity), undefined];
    const natural = first.scheduleOf(trial, 'natural', granularity);
    const steady = first.scheduleOf(trial, 'steady', granularity);
    let small = yield* minimise(first, natural, steady);
    if (isStable && small.deviations.length > MOST_TOLD && hasNumbers(found)) {
      isSame = sameFault;
      small = better(small, yield* minimise(trials(budget), natural, steady));
    }
    const best = yield* raise(trials(RAISING), small, generator(`reach ${seed}`));
    return [best, yield* decide(trials(DECIDING), best)];
  }

  /** A livelock is given its full length; what else runs much longer than the failure has gone astray. */
  #mostSteps(): number {
    const { maxSteps } = this.#settings;
    return this.#found.kind === 'livelock' ? maxSteps : Math.min(maxSteps, 4 * this.#original.trace.length + 100);
  }

  #stopping(chooser: ReplayChooser | RetraceChooser): ReplayChooser | RetraceChooser | StoppingChooser {
    const step = this.#script?.step ?? -1;
    return step < 0 ? chooser : new StoppingChooser(chooser, step, this.#found.error as StraddleError);
  }

  /** The last execution is the one that is told: its error carries the stack of this very schedule. */
  #watched(failure: RawFailure, told: Told): RawFailure {
    const { scheduler, interrupted } = this.#engine;
    if (failure.kind === 'nondeterminism' || interrupted) return failure;
    const last = this.#judge(scheduler);
    const { trace } = scheduler;
    if (last?.kind === failure.kind && printsOf(trace.length, nameOfStep(scheduler)) === told.prints) return last;
    return nondeterminism('The minimised schedule ran differently when it was repeated.', failure);
  }
}

/** The failure of the execution that has just been watched. */
export function describe(
  engine: Engine,
  executions: Executions,
  about: {
    readonly told: Told;
    readonly failure: RawFailure;
    readonly diagnosis: Diagnosis;
    readonly foundBy: string;
    readonly decision?: Decision | undefined;
    readonly nearestPassing?: readonly Step[] | undefined;
    readonly script?: Recording['script'];
  },
): Failure {
  const { trace } = engine.scheduler;
  const { spec } = executions;
  const { told, failure, diagnosis, foundBy, decision, nearestPassing, script } = about;
  // Cut short by the budget, the watched execution tells nothing.
  const isWhole = trace.length === told.steps;
  const token = encodeToken({
    ...told,
    // Without awaits it is followed where code is instrumented as well as where it is not, as it was here.
    granularity: isWhole && diagnosis.awaits === false ? 'macrotask' : told.granularity,
    seed: spec.seed,
    execution: spec.execution,
    time: spec.elastic ? 'elastic' : 'idle',
    stallMs: spec.stallMs,
    maxSteps: spec.maxSteps,
    ...(spec.startTime === START_TIME ? {} : { startTime: spec.startTime }),
    kind: failure.kind,
    ...(script === undefined ? {} : { script }),
  });
  const isStuck = failure.kind === 'deadlock' || failure.kind === 'stalled-gate';
  const waiting = isStuck ? diagnosis.waiting : [];
  const steps = isWhole ? diagnosis.steps() : [];
  const deviating = new Set(told.deviations.map(({ step }) => step));
  return {
    kind: failure.kind,
    message: messageOf(failure, waiting),
    ...(failure.error === undefined ? {} : { error: failure.error }),
    token,
    order: told.order,
    deviations: told.deviations.length,
    preemptions: trace.count(PREEMPTED),
    execution: spec.execution,
    foundBy,
    reach: told.reach,
    ...(decision === undefined ? {} : { decidingPair: decision }),
    trace: steps.map((step) => ({ ...step, deviation: deviating.has(step.step) })),
    ...(nearestPassing === undefined ? {} : { nearestPassing }),
    waiting,
  };
}

function messageOf({ kind, message, detail }: RawFailure, waiting: Failure['waiting']): string {
  let text = message;
  if (kind === 'deadlock' && waiting.length > 0) {
    const parts = waiting.map(({ task, on, site, heldBy }) => {
      const holder = heldBy === undefined ? '' : `, held by ${heldBy}`;
      return `${task} waits on ${on}${holder}${site === undefined ? '' : ` (${site})`}`;
    });
    text = `Nothing can run any more: ${parts.join('; ')}.`;
    const circle = tellCircle(waiting);
    if (circle !== undefined) text += ` They wait in a circle: ${circle}.`;
  }
  return detail === undefined ? text : `${text} ${detail}`;
}

function nondeterminism(difference: string, found: RawFailure): RawFailure {
  const told = found.detail === undefined ? found.message : `${found.message} ${found.detail}`;
  const message = `${difference} The failure was: ${told}`;
  return { kind: 'nondeterminism', message, error: found.error };
}

/** A script fails at a choice, with which the execution ends, or at the end of a whole execution. */
function scriptOf({ failure, trace }: Scheduler, { message }: RawFailure): Recording['script'] {
  let step = failure?.kind === 'script' ? trace.length - 1 : -1;
  while (step > 0 && trace.has(step, JOINED)) step--;
  return { step, message };
}
