import fc from 'fast-check';
import type { Sim } from '../../scheduler/sim.ts';
import { setCurrentSim } from './current.ts';
import type { TimeLimit } from './time-limit.ts';

/** What fast-check makes of one run of a predicate: nothing if it passed, else why it did not. */
export type Outcome = fc.PreconditionFailure | { readonly error: unknown } | null;

/** Runs the predicate on a value, as fast-check does: hooks included, and it never throws. */
export type Run = (value: unknown) => Outcome | Promise<Outcome>;

/** Over all values, so that no two executions print the same. */
let executions = 0;

/** The predicate on one value, as the body of executions. */
export class Subject {
  /** Why the latest execution was discarded, if `fc.pre` or a time limit did so. */
  discarded: fc.PreconditionFailure | undefined;
  readonly #run: Run;
  readonly #value: unknown;
  readonly #isStateful: boolean;
  #isUsed = false;
  #copy: unknown;
  readonly #limit: TimeLimit | undefined;

  constructor(run: Run, value: unknown, limit?: TimeLimit) {
    this.#run = run;
    this.#value = value;
    this.#limit = limit;
    this.#isStateful = fc.hasCloneMethod(value);
  }

  /** The value keeps state of the run that it was used in. */
  get isStateful(): boolean {
    return this.#isStateful;
  }

  /** Each execution gets a value of its own, as far as fast-check can copy it. */
  readonly body = (sim: Sim): Promise<void> => this.#execute(sim, this.#next());

  /** The value that fast-check will print and shrink. */
  readonly original = (sim: Sim): Promise<void> => this.#execute(sim, this.#value);

  async #execute(sim: Sim, value: unknown): Promise<void> {
    setCurrentSim(sim);
    this.#limit?.keep();
    this.discarded = undefined;
    const outcome = await this.#run(value);
    if (outcome === null) return;
    if (fc.PreconditionFailure.isFailure(outcome)) this.discarded = outcome;
    else throw outcome.error;
  }

  /**
   * fast-check's `skipEqualValues` and `ignoreEqualValues` know a value by how it is printed, and would answer the
   * second execution with what the first one came to; so each execution's value prints in another way. Predicates do
   * not see this: fast-check spreads the list of a property's values into arguments.
   */
  #next(): unknown {
    const value = this.#isStateful ? (this.#value as fc.WithCloneMethod<unknown>)[fc.cloneMethod]() : this.#value;
    executions++;
    const isFirst = !this.#isUsed;
    this.#isUsed = true;
    if (isFirst || !Array.isArray(value)) return value;
    return this.#isStateful ? renamed(value) : (this.#copy ??= renamed(value));
  }
}

function renamed(value: readonly unknown[]): unknown {
  return Object.assign([...value], { [fc.toStringMethod]: () => `execution ${executions}` });
}
