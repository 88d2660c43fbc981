import type fc from 'fast-check';
import { StrategyChooser } from '../../scheduler/chooser.ts';
import type { Engine, Plan } from '../../scheduler/control.ts';
import { StraddleError } from '../../scheduler/error.ts';
import { Diagnosis } from '../../scheduler/diagnosis.ts';
import type { RawFailure } from '../../scheduler/failure.ts';
import { ReplayChooser, RetraceChooser } from '../../scheduler/replaying.ts';
import { deviationsByStep } from '../../scheduler/schedule.ts';
import type { Strategy } from '../../scheduler/strategy.ts';
import { PREEMPTED } from '../../scheduler/trace.ts';
import { generator } from '../../scheduler/world/chance.ts';
import { chanceSeed, Executions } from '../executions.ts';
import { confirm, describe, toldOf, type Told } from '../failing.ts';
import { reduce } from '../minimise.ts';
import type { Settings } from '../options.ts';
import { leakOf, outcomeOf, sameFailure, tellOutcome } from '../outcome.ts';
import { Original } from '../repetition.ts';
import type { Failure } from '../report.ts';
import { STRATEGIES } from '../strategies.ts';
import { Trials, type Budget } from '../trials.ts';
import type { Subject } from './subject.ts';
import type { Tally } from './tally.ts';

/** Share of the passing executions that are replayed, to catch what is not controlled. */
const REPLAY_SHARE = 0.05;
/** What may be spent on the schedule of a value that is going to be shrunk. */
const SHORTENING: Budget = { executions: 200, steps: 20_000, ms: 200 };

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
export class Examination {
  readonly #subject: Subject;
  readonly #settings: Settings;
  readonly #tally: Tally;
  readonly #runs: Executions;
  readonly #strategy: Strategy;
  readonly #before = new Original();

  constructor(subject: Subject, settings: Settings, tally: Tally) {
    const { strategy } = settings;
    this.#subject = subject;
    this.#settings = settings;
    this.#tally = tally;
    this.#runs = new Executions(subject.body, settings);
    this.#strategy = typeof strategy === 'string' ? STRATEGIES[strategy]() : strategy;
  }

  /** @param known how the value failed that this one was shrunk from: tried first. */
  *plan(engine: Engine, known?: Finding): Plan<Examined> {
    this.#tally.open();
    const examined = yield* this.#examine(engine, known);
    this.#tally.close(engine.scheduler);
    return examined;
  }

  *#examine(engine: Engine, known: Finding | undefined): Plan<Examined> {
    if (known !== undefined) {
      const finding = yield* this.#retry(engine, known);
      if (finding !== undefined) return yield* this.#failed(finding);
    }
    const settings = this.#settings;
    const strategy = this.#strategy;
    const random = generator(`${settings.seed}`);
    const chooser = new StrategyChooser(strategy, settings.bursts, random);
    const info = { execution: 0, random };
    for (let execution = 1; execution <= settings.runs && !engine.interrupted; execution++) {
      info.execution = execution;
      if (!strategy.begin(info)) {
        if (strategy.complete === true) this.#tally.exhausted++;
        break;
      }
      chooser.begin();
      yield* this.#count(
        engine,
        this.#runs.next(chooser, execution, chanceSeed(settings.seed, execution), this.#isElastic(random)),
      );
      if (engine.interrupted) break;
      const by = this.#subject.discarded;
      if (by !== undefined && (execution === 1 || by.interruptExecution)) return { kind: 'discarded', by };
      const failure = this.#judge(engine);
      if (failure !== undefined) return yield* this.#failed(yield* this.#shorten(engine, failure));
      // Nothing ever waited: this value has one interleaving.
      if (engine.scheduler.trace.length === 1) break;
      if (random() < REPLAY_SHARE) {
        const differs = yield* this.#replayPassing(engine);
        if (differs !== undefined) return yield* this.#failed(yield* this.#shorten(engine, differs));
      }
    }
    return { kind: engine.interrupted ? 'interrupted' : 'passed' };
  }

  /** Runs an execution that counts, unless it turns out to be discarded. */
  *#count(engine: Engine, run: ReturnType<Executions['next']>): Plan<void> {
    const { branches } = this.#tally;
    branches.counting = true;
    yield run;
    branches.counting = false;
    if (branches.misuse !== undefined) throw branches.misuse;
    if (engine.interrupted || this.#subject.discarded !== undefined) branches.drop();
    else this.#tally.add(engine.scheduler);
  }

  *#retry(engine: Engine, known: Finding): Plan<Finding | undefined> {
    const { deviations, order, granularity, execution, chance, elastic } = known;
    const chooser = new ReplayChooser(deviations, order);
    this.#runs.next(chooser, execution, chance, elastic);
    yield* this.#count(engine, this.#runs.replay(chooser, undefined, { awaits: granularity === 'await' }));
    if (engine.interrupted || this.#subject.discarded !== undefined) return undefined;
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

  #isElastic(random: () => number): boolean {
    const { time } = this.#settings;
    if (time !== 'mixed') return time === 'elastic';
    if (this.#strategy.complete === true) return true;
    return this.#strategy.single !== true && random() < 0.5;
  }

  #outcome({ scheduler }: Engine): RawFailure | undefined {
    return outcomeOf(scheduler, this.#settings.leaks === 'fail');
  }

  /** The failure of the execution that has just run, unplayed scripts included. */
  #judge(engine: Engine): RawFailure | undefined {
    const { scheduler } = engine;
    let failed = this.#outcome(engine);
    if (failed === undefined && this.#settings.leaks === 'warn') {
      const leak = leakOf(scheduler);
      if (leak !== undefined) this.#tally.warnings.set('leak', { name: 'leak', detail: leak.message });
    }
    const outcome = { steps: scheduler.trace.length, tasks: scheduler.tasks.count, failed: failed !== undefined };
    try {
      this.#strategy.end?.(outcome);
    } catch (error) {
      if (!(error instanceof StraddleError) || error.kind !== 'script') throw error;
      failed ??= { kind: 'script', message: error.message, error };
    }
    return failed;
  }

  /** A passing execution, run again: it must do the same. */
  *#replayPassing(engine: Engine): Plan<RawFailure | undefined> {
    const { scheduler } = engine;
    const before = this.#before.keep(scheduler, undefined);
    yield this.#runs.replay(new RetraceChooser(before.trace));
    if (engine.interrupted || this.#subject.discarded !== undefined) return undefined;
    const difference = before.differenceFrom(scheduler, this.#outcome(engine));
    return difference === undefined ? undefined : { kind: 'nondeterminism', message: difference };
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
      foundBy: this.#strategy.name,
      preemptions: scheduler.trace.count(PREEMPTED),
      execution,
      chance,
      elastic,
    };
    if (found.deviations.length === 0 || failure.kind === 'nondeterminism' || failure.kind === 'script') return found;
    const trials = new Trials(engine, this.#runs, {
      budget: SHORTENING,
      judge: () => this.#outcome(engine),
      same: (other) => sameFailure(failure, other),
      maxSteps: failure.kind === 'livelock' ? this.#settings.maxSteps : 4 * scheduler.trace.length + 100,
    });
    const again = yield* trials.run(new RetraceChooser(this.#before.keep(scheduler, failure).trace), granularity);
    if (!again.same) return found;
    const natural = yield* reduce(trials, trials.scheduleOf(again, 'natural', granularity));
    return { ...found, ...natural };
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
