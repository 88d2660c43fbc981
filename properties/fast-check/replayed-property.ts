import fc from 'fast-check';
import { control } from '../../scheduler/control.ts';
import { StraddleError } from '../../scheduler/error.ts';
import { decodeToken, type Recording } from '../../scheduler/token.ts';
import { chanceSeed } from '../executions.ts';
import { settle, type ExploreOptions, type Settings } from '../options.ts';
import { replay } from '../replay.ts';
import type { Report } from '../report.ts';
import { setCurrentSim } from './current.ts';
import { Examination, type Finding } from './examine.ts';
import { synchronousProperty } from './misuse.ts';
import { PropertyError, reportInOne, tellProperty, withValue } from './property-error.ts';
import { Subject, type Outcome, type Run } from './subject.ts';
import { Tally } from './tally.ts';

/**
 * Leads fast-check to the value that a token recorded, and runs only the recorded order of it. A value is found by
 * fast-check's seed and path: the path's first number counts generated values, each further one counts the values
 * that the one before was shrunk to. So all runs pass without being made, but those on the path fail.
 */
export class ReplayedProperty<Values> {
  readonly #token: string;
  readonly #options: ExploreOptions;
  readonly #settings: Settings;
  readonly #isSeeded: boolean;
  readonly #tally: Tally;
  #seed = 0;
  #runs = 0;
  #finding: Finding | undefined;
  readonly #property: NonNullable<Recording['property']>;
  readonly #path: readonly number[];
  #generated: fc.Value<Values> | undefined;
  /** How many numbers of the path have been reached, and the number of the current run in its level. */
  #depth = 0;
  #index = -1;
  #isAsked = false;
  /** The user gave fast-check a path, too. */
  #isThere = false;
  #result: Outcome | undefined;
  #report: Report | undefined;
  #misuse: StraddleError | undefined;

  /** @throws StraddleError `token` for one that cannot be read, or that is of no property. */
  constructor(token: string, options: ExploreOptions, isSeeded: boolean) {
    this.#settings = settle(options);
    this.#isSeeded = isSeeded;
    this.#tally = new Tally(this.#settings);
    const { property } = decodeToken(token);
    if (property === undefined) {
      throw new StraddleError(
        'token',
        'This token brings back an order, but no value: it is of an exploration, not of a property.',
      );
    }
    this.#token = token;
    this.#options = options;
    this.#property = property;
    this.#path = property.path.split(':').map(Number);
  }

  readonly hooks: fc.PluginInstance<Values> = {
    decorateGenerate: (nested) => (_random, run) => {
      if (this.#generated === undefined && run !== undefined && run > 0) this.#isThere = true;
      const random = randomOf(this.#property.seed, run ?? 0);
      this.#seed = random.clone().nextInt();
      return (this.#generated = nested(random, run));
    },
    decorateRun: (nested) => (value) => {
      if (this.#isAsked) return null;
      this.#isAsked = true;
      return this.#run(nested as Run, value);
    },
    onAllRunsComplete: (details) => this.#complete(details),
  };

  async #run(run: Run, value: unknown): Promise<Outcome> {
    await undefined;
    this.#isAsked = false;
    if (this.#result !== undefined || this.#misuse !== undefined) return null;
    this.#runs++;
    const isThere = this.#arrives(value);
    if (!isThere && this.#index >= 0) return null;
    const subject = new Subject(run, value);
    try {
      if (!isThere) {
        if (subject.isStateful) await this.#retrace(subject);
        return { error: passedThrough() };
      }
      return (this.#result = await this.#replay(subject));
    } catch (error) {
      if (!(error instanceof StraddleError) || error.kind === 'token-mismatch') return { error };
      this.#misuse = error;
      return new fc.PreconditionFailure(true);
    } finally {
      setCurrentSim(undefined);
      if (isThere) this.#result ??= null;
    }
  }

  /** What such a value is shrunk to hangs on the execution that it failed in: found again as it was found then. */
  async #retrace(subject: Subject): Promise<void> {
    const seed = this.#isSeeded ? chanceSeed(this.#settings.seed, this.#runs) : this.#seed;
    const examination = new Examination(subject, { ...this.#settings, seed }, this.#tally);
    const limits = { signal: this.#settings.signal, onBranch: this.#tally.branches.hit };
    const examined = await control(limits, (engine) => examination.plan(engine, this.#finding));
    if (examined.kind === 'failed') this.#finding = examined.finding;
  }

  /** Whether this run's value is the recorded one. A run on the way there begins the next level, at −1. */
  #arrives(value: unknown): boolean {
    if (this.#depth === 0 && this.#index < 0 && this.#generated !== undefined) {
      // A value that was not generated just now was shrunk along a path.
      if (this.#isThere || this.#generated.value_ !== value) return (this.#isThere = true);
    }
    if (++this.#index < this.#path[this.#depth]!) return false;
    this.#index = -1;
    return ++this.#depth === this.#path.length;
  }

  async #replay(subject: Subject): Promise<Outcome> {
    const report = await replay(subject.original, this.#token, this.#options);
    if (report.failure === undefined) return null;
    this.#report = report;
    return { error: new PropertyError({ ...report.failure }, report) };
  }

  #complete(details: fc.RunDetails<Values>): void {
    if (this.#isAsked) throw synchronousProperty();
    if (this.#misuse !== undefined) throw this.#misuse;
    const { seed, path } = this.#property;
    if (this.#result === undefined) {
      const hint = `give fast-check the seed ${seed} and the path '${path}' of it, too`;
      throw new StraddleError('token-mismatch', `fast-check did not get to the value of this token: ${hint}.`);
    }
    if (!this.#isThere) details.seed = seed;
    if (this.#result === null && details.errorInstance instanceof PassedThrough) {
      // The recorded value passes now, and nothing else was run.
      Object.assign(details, { failed: false, counterexample: null, counterexamplePath: null, errorInstance: null });
    }
    const report = this.#report;
    if (report === undefined || !(details.errorInstance instanceof PropertyError)) return;
    const whole = { ...report, failure: withValue(report.failure!, seed, path) };
    const story = tellProperty(whole.failure);
    details.errorInstance.complete(story, whole);
    reportInOne(details, story, whole);
  }
}

/** Stands for the failures of the values from which the recorded one was shrunk. */
class PassedThrough extends Error {}

function passedThrough(): PassedThrough {
  return new PassedThrough('The recorded failure does not occur any more: the recorded value passes.');
}

/** The random numbers that fast-check would generate the value of this run from, under another seed. */
function randomOf(seed: number, run: number): fc.Random {
  let random: fc.Random | undefined;
  class Catching extends fc.Arbitrary<undefined> {
    override generate(given: fc.Random): fc.Value<undefined> {
      random = given.clone();
      return new fc.Value(undefined, undefined);
    }
    override canShrinkWithoutContext(value: unknown): value is undefined {
      return value === undefined;
    }
    override shrink(): fc.Stream<fc.Value<undefined>> {
      return fc.Stream.nil();
    }
  }
  fc.sample(new Catching(), { seed, path: String(run), numRuns: 1 });
  return random!;
}
