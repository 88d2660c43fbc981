import { Session, type Engine, type Limits, type Plan } from '../../scheduler/control.ts';
import { StraddleError } from '../../scheduler/error.ts';
import { messageOf } from '../../scheduler/thrown.ts';
import type { Sim } from '../../scheduler/sim.ts';
import {
  assertionsOf,
  functionOf,
  retriesOf,
  type Task,
  type TaskError,
  type TaskResult,
  type Try,
} from './internals.ts';
import { Listeners } from './listeners.ts';
import { loudnessOf, setLoudness, tellHeld } from './quiet.ts';
import { Tidy } from './tidy.ts';

/** What is explored of a test, and what becomes of it. */
export interface Exploration<Result> {
  readonly limits: Limits;
  plan(engine: Engine, body: (sim: Sim) => unknown): Plan<Result>;
  /** Vitest's verdict, from what was found and the errors of the last execution. */
  conclude(result: Result, errors: readonly TaskError[], assertions: number): Pick<TaskResult, 'state' | 'errors'>;
  /**
   * Whether the execution that has just run may be tried again, as Vitest's option `retry` says. Absent: that option
   * is for the whole exploration.
   */
  readonly mayRetry?: boolean;
  /** An execution is over, its hooks included. */
  closed?(failed: boolean, errors: readonly TaskError[]): void;
}

/** What Vitest's runner does with one test, step by step. */
export interface Conducted {
  /** Before the hooks of an execution. */
  beforeTry(at: Try): void;
  run(): Promise<void>;
  /** After the hooks of an execution; `at` is known from Vitest 4 on. */
  close(at?: Try): void;
  readonly isDone: boolean;
}

/**
 * Explores a test execution by execution while Vitest repeats it: Vitest itself runs hooks, fixtures and
 * clean-ups around every execution, and this class says whether there is another one.
 */
export class Conductor<Result> implements Conducted {
  isDone = false;
  readonly #test: Task;
  readonly #explore: () => Exploration<Result>;
  #exploration!: Exploration<Result>;
  #session!: Session<Result>;
  readonly #tidy: Tidy;
  readonly #listeners: Listeners | undefined;
  /** The test is to fail: hidden from Vitest until the verdict, or it would turn every execution over. */
  readonly #fails: boolean;
  /** As the test has it: kept from Vitest but for executions that may be tried again, or each one that fails would be. */
  readonly #retry: unknown;
  /** Explorations that are left if this one fails. */
  #again = 0;
  #executions = 0;
  #assertions = 0;
  #hasRun = false;
  #isOpen = false;
  #skip: unknown;

  /** @param explore begins an exploration; a retry is another one. */
  constructor(test: Task, explore: () => Exploration<Result>) {
    this.#test = test;
    this.#explore = explore;
    this.#begin();
    this.#tidy = new Tidy(test);
    this.#fails = test.fails === true;
    test.fails = false;
    this.#retry = test.retry;
    if (this.#exploration.mayRetry === undefined) {
      this.#again = this.#fails ? 0 : retriesOf(test);
      test.retry = 0;
    }
    test.repeats = new Repeats(this);
    this.#listeners = test.context.signal === undefined ? undefined : new Listeners(test.context.signal);
  }

  #begin(): void {
    const exploration = this.#explore();
    this.#exploration = exploration;
    this.#session = new Session(exploration.limits, (engine) => exploration.plan(engine, this.#body));
    this.#executions = 0;
    this.#assertions = 0;
  }

  beforeTry(at: Try): void {
    const { result } = this.#test;
    // A test that Vitest tries again has its own state left over, as without straddle.
    if (at.retry > 0 && this.#isOpen) this.#isOpen = false;
    else {
      this.close();
      if (this.#hasRun) this.#tidy.restore();
    }
    // Printed in the first execution, and in the one that is told.
    setLoudness(loudnessOf(this.#executions === 0, this.#session.isWatched));
    result!.state = 'run';
    result!.errors = undefined;
    this.#isOpen = true;
  }

  async run(): Promise<void> {
    this.#hasRun = true;
    this.#executions++;
    await this.#session.execute();
    if (this.#skip !== undefined) throw this.#skip as Error;
    const { failure } = this.#session;
    if (failure !== undefined) throw failure.error ?? new StraddleError(failure.kind, failure.message);
  }

  close(at?: Try): void {
    if (!this.#isOpen) return;
    const result = this.#test.result!;
    const failed = result.state === 'fail';
    const isTriedAgain = at !== undefined && failed && at.retry < retriesOf(this.#test);
    if (isTriedAgain && this.#exploration.mayRetry === true) return;
    this.#isOpen = false;
    this.#listeners?.remove();
    setLoudness('aloud');
    if (this.#skip !== undefined) return this.#end();
    const errors = result.errors ?? [];
    this.#exploration.closed?.(failed, errors);
    if (failed) this.#session.fail(errors[0], errors[0]?.message);
    if (this.#assertions === 0) this.#assertions = assertionsOf(this.#test);
    let verdict: Pick<TaskResult, 'state' | 'errors'>;
    try {
      if (this.#session.advance()) {
        if (this.#exploration.mayRetry !== true) this.#test.retry = 0;
        return this.#goOn(result);
      }
      verdict = this.#exploration.conclude(this.#session.result!, failed ? errors : [], this.#assertions);
    } catch (error) {
      verdict = { state: 'fail', errors: [toTaskError(error)] };
    }
    if (verdict.state === 'fail' && this.#again > 0) {
      this.#again--;
      result.retryCount = (result.retryCount ?? 0) + 1;
      this.#begin();
      return this.#goOn(result);
    }
    this.#end();
    if (verdict.state === 'fail') tellHeld();
    result.state = verdict.state;
    result.errors = verdict.errors;
    // Executions are no repeats that anybody asked for.
    result.repeatCount = 0;
  }

  /** To Vitest there was nothing wrong, so it repeats the test once more. */
  #goOn(result: TaskResult): void {
    result.state = 'pass';
    result.errors = undefined;
    if (result.attempts !== undefined) result.attempts.length = 0;
  }

  #end(): void {
    this.isDone = true;
    this.#test.retry = this.#retry;
    this.#test.fails = this.#fails;
  }

  readonly #body = async (sim: Sim): Promise<void> => {
    this.#test.context['sim'] = sim;
    try {
      await functionOf(this.#test)();
    } catch (error) {
      if (!isPending(error)) throw error;
      // Skipped from within: the test's own decision if it comes in natural order.
      if (this.#executions === 1) this.#skip = error;
      else delete this.#test.result!.pending;
    }
  };
}

/** Vitest compares its counter with this after every execution. */
class Repeats {
  readonly #conducted: Conducted;

  constructor(conducted: Conducted) {
    this.#conducted = conducted;
  }

  valueOf(): number {
    this.#conducted.close();
    return this.#conducted.isDone ? -1 : Infinity;
  }
}

/** What `context.skip()` throws. */
export function isPending(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'VITEST_PENDING';
}

/** An error that Vitest has not seen thrown. */
export function toTaskError(error: unknown): TaskError {
  const { name = 'Error', stack } = error as Partial<Error>;
  return { name, message: messageOf(error), ...(stack === undefined ? {} : { stack }) };
}
