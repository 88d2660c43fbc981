import fc from 'fast-check';
import { control, type Engine, type Plan } from '../../scheduler/control.ts';
import { StraddleError } from '../../scheduler/error.ts';
import { chanceSeed } from '../executions.ts';
import type { Settings } from '../options.ts';
import { CheckError, type Failure } from '../report.ts';
import { tell } from '../story.ts';
import { setCurrentSim } from './current.ts';
import { Examination, tellFinding, type Examined, type Finding } from './examine.ts';
import { mixedSchedulers, synchronousProperty } from './misuse.ts';
import { PropertyError, reportInOne, tellProperty, withValue } from './property-error.ts';
import { Subject, type Outcome, type Run } from './subject.ts';
import { Tally } from './tally.ts';
import { TimeLimit } from './time-limit.ts';

/** The value that failed last, and how. */
interface Failed {
  readonly subject: Subject;
  readonly settings: Settings;
  readonly finding: Finding;
  readonly error: PropertyError;
}

/** Ends an exploration; an `AbortController` for each value would cost more than some of its executions. */
class Stop {
  readonly #given: AbortSignal | undefined;
  readonly #limit: TimeLimit | undefined;
  #isNow = false;

  constructor(given: AbortSignal | undefined, limit: TimeLimit | undefined) {
    this.#given = given;
    this.#limit = limit;
  }

  get aborted(): boolean {
    return this.#isNow || this.#given?.aborted === true || this.#limit?.isOver === true;
  }

  now(): void {
    this.#isNow = true;
  }
}

/** One assessment of a property by fast-check: each of its runs is an exploration. */
export class Property<Values> {
  readonly #settings: Settings;
  readonly #isSeeded: boolean;
  readonly #tally: Tally;
  #seed: number;
  #failed: Failed | undefined;
  /** Wrong use, which no shrinking makes smaller. */
  #misuse: StraddleError | undefined;
  /** A run has been asked for, and nothing was done since: so it is, for a moment, with asynchronous properties. */
  #isAsked = false;
  #isOver = false;
  /** fast-check has a failure to report: ours, or another. */
  #hasFailed = false;
  #running: Stop | undefined;
  readonly #limit = new TimeLimit();

  constructor(settings: Settings, isSeeded: boolean) {
    this.#settings = settings;
    this.#isSeeded = isSeeded;
    this.#seed = settings.seed;
    this.#tally = new Tally(settings);
  }

  readonly hooks: fc.PluginInstance<Values> = {
    decorateGenerate: (nested) => (random, run) => {
      this.#seed = random.clone().nextInt();
      return nested(random, run);
    },
    decorateRun: (nested) => {
      return (value) => {
        // The second run before the first could begin: the property is synchronous.
        if (this.#isAsked) return null;
        this.#isAsked = true;
        return this.#run(nested as Run, value);
      };
    },
    onAllRunsComplete: (details) => this.#complete(details),
    afterAll: () => this.#judge(),
  };

  async #run(run: Run, value: unknown): Promise<Outcome> {
    await undefined;
    this.#isAsked = false;
    // Whoever runs the property may have given up waiting for the value before.
    this.#running?.now();
    const settings = { ...this.#settings, seed: this.#seedOfValue() };
    const budgetMs = settings.budgetMs === undefined ? undefined : settings.budgetMs - this.#tally.elapsedMs;
    this.#misuse ??= mixedSchedulers(value);
    const isSpent = this.#limit.isOver || (budgetMs !== undefined && budgetMs <= 0);
    if (this.#isOver || this.#misuse !== undefined || isSpent) return interruption();
    const subject = new Subject(run, value, this.#limit);
    const examination = new Examination(subject, settings, this.#tally);
    let examined: Examined;
    try {
      const plan = (engine: Engine) => examination.plan(engine, this.#failed?.finding);
      examined = await this.#control(budgetMs, plan, this.#limit);
    } catch (error) {
      if (!(error instanceof StraddleError)) return { error };
      this.#misuse = error;
      return interruption();
    }
    switch (examined.kind) {
      case 'passed':
        return null;
      case 'interrupted':
        return interruption();
      case 'discarded':
        return examined.by;
      case 'failed': {
        const { finding } = examined;
        const error = new PropertyError(finding.failure, this.#tally.report(settings.seed));
        this.#failed = { subject, settings, finding, error };
        return { error };
      }
    }
  }

  #seedOfValue(): number {
    return this.#isSeeded ? chanceSeed(this.#settings.seed, this.#tally.values + 1) : this.#seed;
  }

  async #control<Result>(
    budgetMs: number | undefined,
    plan: (engine: Engine) => Plan<Result>,
    limit?: TimeLimit,
  ): Promise<Result> {
    const signal = (this.#running = new Stop(this.#settings.signal, limit));
    try {
      return await control({ budgetMs, signal, onBranch: this.#tally.branches.hit }, plan);
    } finally {
      setCurrentSim(undefined);
      if (this.#running === signal) this.#running = undefined;
    }
  }

  /** Everything is known: a failure is told. @throws StraddleError for wrong use. */
  #complete(details: fc.RunDetails<Values>): void | Promise<void> {
    this.#isOver = true;
    if (this.#isAsked) this.#misuse = synchronousProperty();
    if (this.#misuse !== undefined) throw this.#misuse;
    this.#hasFailed = details.failed;
    const failed = this.#failed;
    if (failed !== undefined && details.errorInstance === failed.error) return this.#tell(failed, details);
  }

  async #tell({ subject, settings, finding, error }: Failed, details: fc.RunDetails<Values>): Promise<void> {
    const told: Failure = await this.#control(undefined, (engine) => tellFinding(engine, subject, settings, finding));
    const report = this.#tally.report(settings.seed, withValue(told, details.seed, details.counterexamplePath ?? '0'));
    const story = tellProperty(report.failure!);
    error.complete(story, report);
    reportInOne(details, story, report);
  }

  /** @throws CheckError if the whole property lacks evidence. */
  #judge(): void {
    this.#running?.now();
    if (this.#misuse !== undefined || this.#hasFailed) return;
    const report = this.#tally.report(this.#settings.seed);
    if (report.verdict === 'vacuous') throw new CheckError(tell(report), report);
  }
}

/** What makes fast-check stop. */
function interruption(): Outcome {
  return new fc.PreconditionFailure(true);
}
