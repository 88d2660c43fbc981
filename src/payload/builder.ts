import { inspect } from 'node:util';
import { StraddleError } from '../../scheduler/error.ts';
import type { Check } from './checks.ts';
import { PayloadHandle } from './handle.ts';
import { launch } from './launch.ts';
import { leave } from './live.ts';
import { argument, planFor, text, type Placement, type Plan, type Program } from './plan.ts';
import { conclude, type PayloadResult } from './result.ts';

/**
 * Describes a run of an external program. Nothing starts before `run` or `spawn`; both can be called any number of
 * times. Throws `StraddleError` of kind `payload-argument` for an empty binary or a NUL byte.
 */
export function payload(program: string | Program): PayloadBuilder {
  return new PayloadBuilder(planFor(program));
}

/** A description of a run. Immutable: every method returns a new one, so a shared start can be varied safely. */
export class PayloadBuilder {
  /** What would run. */
  readonly plan: Plan;

  constructor(plan: Plan) {
    this.plan = plan;
  }

  /** Appends an argument. */
  arg(value: string): PayloadBuilder {
    return this.args([value]);
  }

  /** Appends arguments. */
  args(values: Iterable<string>): PayloadBuilder {
    if (typeof values === 'string')
      throw new StraddleError('payload-argument', 'args takes a list; use arg for one argument.');
    return this.#with({ args: [...this.plan.args, ...Array.from(values, argument)] });
  }

  /** Drops all arguments so far, those of the program included. */
  clearArgs(): PayloadBuilder {
    return this.#with({ args: [] });
  }

  /** Appends a check. */
  check(check: Check): PayloadBuilder {
    return this.#with({ checks: [...this.plan.checks, check] });
  }

  /** Drops all checks so far, those of the program included. */
  clearChecks(): PayloadBuilder {
    return this.#with({ checks: [] });
  }

  /**
   * Kills the program if it has not ended `ms` milliseconds after its start; its result then says `timedOut`. For
   * `run` only: who spawns holds the handle and decides himself. Default: no limit.
   */
  timeout(ms: number): PayloadBuilder {
    if (!(ms > 0 && ms < Infinity)) {
      throw new StraddleError('payload-argument', `a time-out must be a positive number of milliseconds, not ${ms}.`);
    }
    return this.#with({ timeout: ms });
  }

  /**
   * Puts the program somewhere before its first instruction. A cgroup name is judged by `run` and `spawn`. The
   * program waits in a small shell wrapper, at most 5 seconds; if it cannot be placed it never runs.
   */
  place(placement: Placement): PayloadBuilder {
    return this.#with({ placement });
  }

  /** Sets the directory the program starts in. Default: that of this process. */
  cwd(directory: string): PayloadBuilder {
    return this.#with({ cwd: text(directory, 'the directory of a payload') });
  }

  /** Sets variables over those of this process; `undefined` removes one. */
  env(variables: Readonly<Record<string, string | undefined>>): PayloadBuilder {
    return this.#with({ env: { ...this.plan.env, ...variables } });
  }

  /**
   * Runs the program to its end. What it leaves running in its group is killed. Rejects with `StraddleError` if it
   * cannot be started (`payload-not-found`, `payload-not-started`, `payload-cgroup`, `payload-placement`), read
   * (`payload-output`) or killed (`payload-unkillable`); a time-out or a failed check is a result, not an error.
   */
  async run(): Promise<PayloadResult> {
    const tree = await launch(this.plan, 'payload.run');
    const { timeout } = this.plan;
    const callOff = timeout === undefined ? undefined : tree.killAfter(timeout);
    try {
      return conclude(this.plan, await tree.ended);
    } finally {
      callOff?.();
      leave(tree);
    }
  }

  /**
   * Starts the program; resolves once it runs. Rejects as `run` does for a program that cannot be started.
   * Whoever drops the handle leaks the program until this process ends: use `await using`.
   */
  async spawn(): Promise<PayloadHandle> {
    return new PayloadHandle(this.plan, await launch(this.plan, 'payload.spawn'));
  }

  [inspect.custom](): string {
    const { name, args, checks, placement, timeout } = this.plan;
    const place = typeof placement === 'object' ? `'${placement.name}'` : placement && 'by a function';
    return (
      `Payload { payload: '${name}', args: ${args.length}, checks: ${checks.length}, ` +
      `place: ${place}, timeout: ${timeout} }`
    );
  }

  #with(change: Partial<Plan>): PayloadBuilder {
    return new PayloadBuilder({ ...this.plan, ...change });
  }
}
