import type fc from 'fast-check';
import type { Engine, Plan } from '../../scheduler/control.ts';
import { Diagnosis } from '../../scheduler/diagnosis.ts';
import type { RawFailure } from '../../scheduler/failure.ts';
import { ReplayChooser, RetraceChooser } from '../../scheduler/replaying.ts';
import { deviationsByStep } from '../../scheduler/schedule.ts';
import { PREEMPTED } from '../../scheduler/trace.ts';
import { Executions } from '../executions.ts';
import { confirm, describe, toldOf, type Told } from '../failing.ts';
import { reduce } from '../reduce.ts';
import type { Settings } from '../options.ts';
import { outcomeOf, sameFailure, tellOutcome } from '../outcome.ts';
import { Original } from '../repetition.ts';
import type { Failure } from '../report.ts';
import { Walk, type Walker } from '../walk.ts';
import { Trials, type Budget } from '../trials.ts';
import type { Subject } from './subject.ts';
import type { Tally } from './tally.ts';

/** What may be spent on the schedule of a value that is going to be shrunk. */
const SHORTENING: Budget = { executions: 200, steps: 20_000 };

/** A failing execution of one value, by name: it can be tried on another value, and told in the end. */
export interface Finding extends Told {
  readonly failure: RawFailure;
  readonly foundBy: string;
  readonly preemptions: number;
  readonly execution: number;
  /** Of the execution's chance. */
  readonly chance: number;
  readonly elastic: boolean;
}

/** What became of one value. */
export type Examined =
  | { readonly kind: 'passed' | 'interrupted' }
  | { readonly kind: 'discarded'; readonly by: fc.PreconditionFailure }
  | { readonly kind: 'failed'; readonly finding: Finding };

/** Looks for a failing schedule of one value. */
export class Examination implements Walker {
  readonly #subject: Subject;
  readonly #settings: Settings;
  readonly #tally: Tally;
  readonly #runs: Executions;
  /** What discards the value. */
  #by: fc.PreconditionFailure | undefined;
  readonly #walk: Walk;

  constructor(subject: Subject, settings: Settings, tally: Tally) {
    this.#subject = subject;
    this.#settings = settings;
    this.#tally = tally;
    this.#runs = new Executions(subject.body, settings);
    this.#walk = new Walk(this.#runs, settings, this);
  }

  /** @param known how the value failed that this one was shrunk from: tried first. */
  *plan(engine: Engine, known?: Finding): Plan<Examined> {
    this.#tally.open();
    const walk = this.#walk;
    let finding = known === undefined ? undefined : yield* this.#retry(engine, known);
    if (finding === undefined) {
      for (let run = walk.next(engine); run !== undefined; run = walk.next(engine)) yield run;
      if (walk.failure !== undefined) finding = yield* this.#shorten(engine, walk.failure);
    }
    const examined = finding === undefined ? this.#unfailed(engine) : yield* this.#failed(finding);
    this.#tally.close(engine.scheduler);
    return examined;
  }

  #unfailed({ interrupted }: Engine): Examined {
    if (this.#by !== undefined) return { kind: 'discarded', by: this.#by };
    if (this.#walk.exhaustive) this.#tally.exhausted++;
    return { kind: interrupted ? 'interrupted' : 'passed' };
  }

  readonly mayBeSingle = true;

  get warnings(): Tally['warnings'] {
    return this.#tally.warnings;
  }

  begin(): void {
    this.#tally.branches.counting = true;
  }

  end(engine: Engine, execution: number): 'judge' | 'skip' | 'stop' {
    const { branches } = this.#tally;
    const { discarded } = this.#subject;
    branches.counting = false;
    if (branches.misuse !== undefined) throw branches.misuse;
    if (!engine.interrupted && discarded === undefined) {
      this.#tally.add(engine.scheduler);
      return 'judge';
    }
    branches.drop();
    // Preconditions are of values, which natural order tells as well as any other.
    if (discarded !== undefined && (execution === 1 || discarded.interruptExecution)) this.#by = discarded;
    return engine.interrupted || this.#by !== undefined ? 'stop' : 'skip';
  }

  isBrokenOff(): boolean {
    return this.#subject.discarded !== undefined;
  }

  *#retry(engine: Engine, known: Finding): Plan<Finding | undefined> {
    const { deviations, order, granularity, execution, chance, elastic } = known;
    const chooser = new ReplayChooser(deviations, order);
    this.#runs.next(chooser, execution, chance, elastic);
    this.begin();
    yield this.#runs.replay(chooser, undefined, { awaits: granularity === 'await' });
    if (this.end(engine, 0) !== 'judge') return undefined;
    const failure = this.#outcome(engine);
    if (failure === undefined) return undefined;
    const lost = new Set(chooser.unfollowed);
    const made = deviations.filter((deviation) => !lost.has(deviation));
    return {
      ...known,
      ...toldOf(known, engine.scheduler),
      failure,
      deviations: made,
      preemptions: engine.scheduler.trace.count(PREEMPTED),
    };
  }

  #outcome({ scheduler }: Engine): RawFailure | undefined {
    return outcomeOf(scheduler, this.#settings.leaks === 'fail');
  }

  /** The failing execution that has just run, with few deviations, so that it can be tried on smaller values. */
  *#shorten(engine: Engine, failure: RawFailure): Plan<Finding> {
    const { scheduler } = engine;
    const { granularity } = this.#settings;
    const { execution, seed: chance, elastic } = this.#runs.spec;
    const found: Finding = {
      ...toldOf({ order: 'natural', granularity, deviations: [], reach: 'today', steps: 0, prints: '' }, scheduler),
      deviations: deviationsByStep(scheduler.trace, scheduler.tasks, scheduler.labels),
      failure,
      foundBy: this.#walk.foundBy,
      preemptions: scheduler.trace.count(PREEMPTED),
      execution,
      chance,
      elastic,
    };
    // In steady order, what does not take part has not begun by then: fast-check drops commands that did not run.
    const order = this.#subject.isStateful ? 'steady' : 'natural';
    const isShort = found.deviations.length === 0 && order === 'natural';
    if (isShort || failure.kind === 'nondeterminism' || failure.kind === 'script') return found;
    const trials = new Trials(engine, this.#runs, {
      budget: SHORTENING,
      judge: () => this.#outcome(engine),
      same: (other) => sameFailure(failure, other),
      maxSteps: failure.kind === 'livelock' ? this.#settings.maxSteps : 4 * scheduler.trace.length + 100,
    });
    const again = yield* trials.run(new RetraceChooser(new Original().keep(scheduler, failure).trace), granularity);
    if (!again.same) return found;
    return { ...found, ...(yield* reduce(trials, trials.scheduleOf(again, order, granularity))) };
  }

  *#failed(finding: Finding): Plan<Examined> {
    // fast-check prints and shrinks a value as this run leaves it.
    if (this.#subject.isStateful) {
      const { spec } = this.#runs.replay(new ReplayChooser(finding.deviations, finding.order));
      yield { spec, body: this.#subject.original };
    }
    return { kind: 'failed', finding };
  }
}

/** Confirms, minimises and tells what was found, in an exploration of its own. */
export function* tellFinding(engine: Engine, subject: Subject, settings: Settings, finding: Finding): Plan<Failure> {
  const { failure, foundBy, order, granularity, deviations, execution, chance, elastic } = finding;
  const { scheduler } = engine;
  const executions = new Executions(subject.body, { ...settings, granularity });
  yield executions.next(new ReplayChooser(deviations, order), execution, chance, elastic);
  if (subject.discarded !== undefined) {
    // A time limit of fast-check's has passed, and lets nothing run any more: the story has no steps.
    const about = { told: finding, failure, diagnosis: new Diagnosis(scheduler), foundBy };
    return { ...describe(engine, executions, about), trace: [], preemptions: finding.preemptions };
  }
  const outcome = outcomeOf(scheduler, settings.leaks === 'fail');
  let found = failure;
  if (failure.kind !== 'nondeterminism' && failure.kind !== 'script') {
    const message = `The same schedule ran differently when it was repeated: the first time ${tellOutcome(failure)}, the second time it passed.`;
    found = outcome ?? { kind: 'nondeterminism', message, error: failure.error };
  }
  return yield* confirm(engine, executions, settings, found, foundBy);
}
