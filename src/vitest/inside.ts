import { control } from '../../scheduler/control.ts';
import type { Sim } from '../../scheduler/sim.ts';
import { withoutOwnFrames } from '../../scheduler/sites.ts';
import { isPending, type Exploration } from './conductor.ts';
import { assertionsOf, type Runner, type Task, type TaskError } from './internals.ts';
import { loudnessOf, setLoudness, tellHeld } from './quiet.ts';
import { Tidy } from './tidy.ts';

/** Assertions of `expect.soft` failed; Vitest has noted them already. */
class SoftFailure extends Error {
  override readonly name = 'SoftFailure';
}

/**
 * Explores a test that has no hooks and no fixtures within one call of its function: nothing of Vitest's runs
 * around an execution but what counts assertions and snapshots, so this is many times faster.
 */
export async function exploreInside<Result>(
  test: Task,
  runner: Runner,
  exploration: Exploration<Result>,
  body: () => unknown,
): Promise<void> {
  const executions = new InsideExecutions(test, runner, body);
  const { limits } = exploration;
  let found: Result;
  try {
    found = await control(limits, (engine) =>
      exploration.plan(engine, (sim) => {
        setLoudness(loudnessOf(executions.count === 0, engine.scheduler.observer !== undefined));
        return executions.run(sim);
      }),
    );
  } finally {
    setLoudness('aloud');
  }
  if (executions.skip !== undefined) throw executions.skip as Error;
  const result = test.result!;
  const soft = executions.failure instanceof SoftFailure ? (result.errors ?? []) : [];
  result.state = 'run';
  result.errors = undefined;
  const verdict = exploration.conclude(found, soft, executions.assertions);
  if (verdict.state !== 'fail') return;
  tellHeld();
  // In the order in which they are shown: the user's assertion, then the story.
  const { failure } = executions;
  const own = failure === undefined || failure instanceof SoftFailure ? [] : [failure];
  if (failure instanceof Error && typeof failure.stack === 'string') {
    // A frozen error keeps its stack as it is.
    Reflect.set(failure, 'stack', withoutOwnFrames(failure.stack));
  }
  throw [...own, ...verdict.errors!.map(toError)];
}

class InsideExecutions {
  count = 0;
  assertions = 0;
  /** What the latest execution threw. */
  failure: unknown;
  skip: unknown;
  readonly #test: Task;
  readonly #runner: Runner;
  readonly #body: () => unknown;
  readonly #tidy: Tidy;

  constructor(test: Task, runner: Runner, body: () => unknown) {
    this.#test = test;
    this.#runner = runner;
    this.#body = body;
    this.#tidy = new Tidy(test);
  }

  async run(sim: Sim): Promise<void> {
    const test = this.#test;
    if (this.count++ > 0) this.#reset();
    test.context['sim'] = sim;
    this.failure = undefined;
    try {
      await this.#body();
      const { promises } = test;
      if (promises !== undefined && promises.length > 0) await Promise.all(promises);
      this.#runner.onAfterTryTask?.(test, { retry: 0, repeats: 0 });
      if (test.result!.state === 'fail') throw new SoftFailure(test.result!.errors?.[0]?.message);
    } catch (error) {
      if (isPending(error)) this.#skipped(error);
      else {
        this.failure = error;
        throw error;
      }
    } finally {
      const { onFinished } = test;
      if (onFinished !== undefined && onFinished.length > 0) await this.#finished(onFinished);
      if (this.assertions === 0) this.assertions = assertionsOf(test);
    }
  }

  /** In the order of a stack, as Vitest does. */
  async #finished(handlers: (() => unknown)[]): Promise<void> {
    this.#test.onFinished = undefined;
    for (const handler of handlers.reverse()) await handler();
  }

  #skipped(error: unknown): void {
    // The test's own decision if it comes in natural order.
    if (this.count === 1) this.skip = error;
    else delete this.#test.result!.pending;
  }

  #reset(): void {
    const { result } = this.#test;
    this.#tidy.restore();
    result!.state = 'run';
    result!.errors = undefined;
    this.#test.onFailed = undefined;
    this.#runner.onBeforeTryTask?.(this.#test, { retry: 0, repeats: 0 });
  }
}

function toError({ name = 'Error', message, stack = '' }: TaskError): Error {
  return Object.assign(new Error(message), { name, stack });
}
