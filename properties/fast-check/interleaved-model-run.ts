import fc from 'fast-check';
import { StraddleError } from '../../scheduler/error.ts';
import { messageOf } from '../../scheduler/thrown.ts';
import { slot } from '../../scheduler/point.ts';
import type { Scheduler } from '../../scheduler/scheduler.ts';
import type { Sim } from '../../scheduler/sim.ts';
import { check } from '../explore.ts';
import type { ExploreOptions } from '../options.ts';
import { replay } from '../replay.ts';
import { CheckError } from '../report.ts';

/** Commands of fast-check's, as `fc.commands` makes them. */
type Commands<Model extends object, Real> = Iterable<fc.AsyncCommand<Model, Real, boolean>>;

interface Setup<Model, Real> {
  readonly model: Model;
  readonly real: Real;
}

/** Schedules per list of commands, unless the options say otherwise. */
const RUNS = 100;

/**
 * Runs fast-check commands as concurrent tasks, one for each command, named as it prints: when a task starts, its
 * command's `check` decides on the model as it is then, and `run` follows in the same step. So what two commands do
 * after their first `await` may interleave, and a model must tell at each command what may come of it.
 *
 * In a controlled execution (under `interleavings()`, in the body of `explore`) the commands run once. Anywhere else
 * each list is run under many schedules, with a model and a real system of its own for each.
 *
 * @param model the model, or, outside of an execution, a function that makes one.
 * @param real the real system, or a function that makes one, perhaps asynchronously.
 * @param options as for `explore`, outside of an execution; by default 100 runs, and no evidence is asked for.
 * @throws StraddleError `usage` outside of an execution without functions, `model` if a command's `check` throws.
 * @throws CheckError if a schedule fails, with its story.
 */
export async function interleavedModelRun<Model extends object, Real>(
  model: Model | (() => Model),
  real: Real | (() => Real | Promise<Real>),
  commands: Commands<Model, Real>,
  options: ExploreOptions = {},
): Promise<void> {
  if (typeof (commands as Partial<typeof commands> | undefined)?.[Symbol.iterator] !== 'function') {
    throw new StraddleError(
      'usage',
      'interleavedModelRun() runs the commands that fc.commands() makes, or a list of them.',
    );
  }
  const make = makerOf(model, real);
  const engine = slot.hook as Scheduler | undefined;
  if (engine !== undefined) {
    const made = make === undefined ? { model: model as Model, real: real as Real } : await make();
    return concurrently(commands, made, (name, run) => engine.spawn(name, run));
  }
  if (make === undefined) {
    throw new StraddleError(
      'usage',
      'interleavedModelRun() runs many schedules here, so it needs a function that makes the model, and one that makes the real system.',
    );
  }
  const bodyOf = (list: () => Commands<Model, Real>) => async (sim: Sim) =>
    concurrently(list(), await make(), (name, run) => sim.spawn(name, run));
  try {
    await check(
      bodyOf(() => fc.cloneIfNeeded(commands)),
      { runs: RUNS, vacuity: 'off', ...options },
    );
  } catch (error) {
    const token = error instanceof CheckError ? error.report.failure?.token : undefined;
    // fast-check prints and shrinks the commands as the failing schedule leaves them.
    if (token !== undefined) {
      await replay(
        bodyOf(() => commands),
        token,
        options,
      ).catch(() => undefined);
    }
    throw error;
  }
}

/** What both of them make, if both are functions. */
function makerOf<Model extends object, Real>(
  model: Model | (() => Model),
  real: Real | (() => Real | Promise<Real>),
): (() => Promise<Setup<Model, Real>>) | undefined {
  if (typeof model !== 'function' || typeof real !== 'function') return undefined;
  return async () => ({
    model: (model as () => Model)(),
    real: await (real as () => Real | Promise<Real>)(),
  });
}

async function concurrently<Model extends object, Real>(
  commands: Commands<Model, Real>,
  { model, real }: Setup<Model, Real>,
  spawn: (name: string, run: () => Promise<void>) => Promise<unknown>,
): Promise<void> {
  const tasks = Array.from(commands, (command) => {
    const name = String(command);
    return spawn(name, async () => {
      let permitted = false;
      try {
        permitted = await command.check(model as Readonly<Model>);
      } catch (error) {
        throw new StraddleError('model', `The model threw in check() of ${name}: ${messageOf(error)}`, {
          cause: error,
        });
      }
      if (permitted) await command.run(model, real);
    });
  });
  await Promise.all(tasks);
}
