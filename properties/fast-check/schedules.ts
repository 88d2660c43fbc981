import fc from 'fast-check';
import type { Chooser } from '../../scheduler/chooser.ts';
import { control, type Engine, type Plan } from '../../scheduler/control.ts';
import type { Op } from '../../scheduler/op.ts';
import { baseIndex, type BaseOrder } from '../../scheduler/schedule.ts';
import type { Sim } from '../../scheduler/sim.ts';
import { decodeToken, showDeviation } from '../../scheduler/token.ts';
import { Branches } from '../branches.ts';
import { Executions } from '../executions.ts';
import { confirm } from '../failing.ts';
import { requireBody, settle, type ExploreOptions } from '../options.ts';
import { outcomeOf } from '../outcome.ts';
import { CheckError, type Failure, type Report } from '../report.ts';
import { tellFailure } from '../story.ts';
import { Straddling } from '../straddling.ts';

/** Choices that may deviate; after that the base order goes on. */
const CHOICES = 64;
/** One pick stands for one operation, and for every so-many-th after it. */
const MOST_PICK = 31;

/** What a schedule leaves open. */
export type ScheduleOptions = Pick<
  ExploreOptions,
  'granularity' | 'leaks' | 'maxSteps' | 'seed' | 'stallMs' | 'startTime' | 'signal'
> & {
  /** Whether timers may fire while other work is enabled; default `'idle'`: they may not. */
  time?: 'elastic' | 'idle';
};

/** One order, whatever the program: a base order, and the choices that differ from it. */
export interface Schedule {
  readonly order: BaseOrder;
  /** Choices with two or more enabled operations, counted from 0, at which another one is picked. */
  readonly deviations: readonly { readonly choice: number; readonly pick: number }[];
  /**
   * Runs one execution of `body` in this order. Once that has failed, the schedule prints what it meant for that body.
   * @throws CheckError with the story if the execution fails.
   */
  run(body: (sim: Sim) => unknown, options?: ScheduleOptions): Promise<Report>;
}

/**
 * An arbitrary whose values are schedules. They shrink towards natural order, then towards steady order with few
 * deviations, each of which costs a preemption or two. A schedule is plain data until it is run, so fast-check's seed
 * and path bring it back, and it combines with other arbitraries:
 *
 * ```ts
 * fc.asyncProperty(operations, schedules(), async (list, schedule) => {
 *   await schedule.run(() => concurrently(list));
 * });
 * ```
 */
export function schedules(): fc.Arbitrary<Schedule> {
  return new Schedules();
}

type Deviations = Schedule['deviations'];

const few: fc.Arbitrary<Deviations> = fc
  .array(fc.record({ choice: fc.nat(CHOICES - 1), pick: fc.integer({ min: 1, max: MOST_PICK }) }), { maxLength: 4 })
  .map((list) => [...new Map(list.map((one) => [one.choice, one])).values()].sort((a, b) => a.choice - b.choice));
const many: fc.Arbitrary<Deviations> = fc
  .array(fc.nat(MOST_PICK), { minLength: CHOICES, maxLength: CHOICES })
  .map((picks) => picks.map((pick, choice) => ({ choice, pick })).filter(({ pick }) => pick > 0));
const any = fc.tuple(
  fc.constantFrom<BaseOrder[]>('natural', 'steady'),
  fc.oneof(fc.constant([]), { weight: 4, arbitrary: few }, { weight: 5, arbitrary: many }),
);

/** Shrinks by what a schedule says, so that it need not have run: seed and path are enough to bring one back. */
class Schedules extends fc.Arbitrary<Schedule> {
  override generate(random: fc.Random, bias: number | undefined): fc.Value<Schedule> {
    const [order, deviations] = any.generate(random, bias).value;
    return valueOf(order, deviations);
  }

  override canShrinkWithoutContext(value: unknown): value is Schedule {
    return value instanceof PickedSchedule;
  }

  override shrink(schedule: Schedule): fc.Stream<fc.Value<Schedule>> {
    return fc.stream(smaller(schedule));
  }
}

function* smaller({ order, deviations }: Schedule): IterableIterator<fc.Value<Schedule>> {
  const count = deviations.length;
  if (order === 'steady' || count > 0) yield valueOf('natural', []);
  if (order === 'natural' && count > 0) yield valueOf('steady', deviations);
  for (let size = count; size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < count; from += size) yield valueOf(order, deviations.toSpliced(from, size));
  }
  for (const [i, { choice, pick }] of deviations.entries()) {
    for (const less of new Set([1, Math.floor(pick / 2), pick - 1])) {
      if (less > 0 && less < pick) yield valueOf(order, deviations.with(i, { choice, pick: less }));
    }
  }
}

function valueOf(order: BaseOrder, deviations: Deviations): fc.Value<Schedule> {
  return new fc.Value<Schedule>(new PickedSchedule(order, deviations), undefined);
}

class PickedSchedule implements Schedule {
  readonly order: BaseOrder;
  readonly deviations: Deviations;
  #told: Failure | undefined;

  constructor(order: BaseOrder, deviations: Deviations) {
    this.order = order;
    this.deviations = deviations;
  }

  async run(body: (sim: Sim) => unknown, options: ScheduleOptions = {}): Promise<Report> {
    requireBody(body);
    const { time = 'idle' } = options;
    const settings = settle({ ...options, time, runs: 1 });
    const branches = new Branches(undefined);
    branches.counting = true;
    const executions = new Executions(body, settings);
    const limits = { budgetMs: undefined, signal: settings.signal, onBranch: branches.hit };
    const chooser = new PickingChooser(this);
    const { order } = this;
    const plan = function* (engine: Engine): Plan<Report> {
      const { scheduler } = engine;
      yield executions.next(chooser, 1, settings.seed, time === 'elastic');
      branches.counting = false;
      branches.close(1);
      const straddling = new Straddling();
      straddling.add(scheduler.trace);
      const steps = scheduler.trace.length;
      const found = outcomeOf(scheduler, settings.leaks === 'fail');
      const failure =
        found === undefined ? undefined : yield* confirm(engine, executions, settings, found, 'the schedule', order);
      return {
        verdict: failure === undefined ? 'pass' : 'fail',
        executions: 1,
        steps,
        distinct: 1,
        exhaustive: false,
        seed: settings.seed,
        strategy: 'schedule',
        elapsedMs: engine.elapsedMs(),
        branches: branches.counts(1),
        branchTable: branches.rows,
        straddled: straddling.counts(scheduler.labels),
        ...(failure === undefined ? {} : { failure }),
        vacuous: [],
        warnings: [],
      };
    };
    const report = await control(limits, plan);
    // Not forgotten when it passes: fast-check tries smaller values beside the schedule that it will print.
    if (report.failure === undefined) return report;
    this.#told = report.failure;
    const { error, token } = report.failure;
    const story = tellFailure(report.failure, `with fast-check's seed and path, or replay(body, '${token}')`);
    throw new CheckError(story, report, error === undefined ? undefined : { cause: error });
  }

  /** For fast-check: what it meant, if it has failed; else what it picks. */
  [fc.toStringMethod](): string {
    return this.toString();
  }

  toString(): string {
    if (this.#told !== undefined) {
      const { order, deviations } = decodeToken(this.#told.token);
      const told = deviations.map(showDeviation).join('; ');
      return told === '' ? `${order} order` : `${order} order, but ${told}`;
    }
    const picks = this.deviations.map(({ choice, pick }) => `${pick} at choice ${choice}`).join(', ');
    return picks === '' ? `${this.order} order` : `${this.order} order, but picking ${picks}`;
  }
}

/** Counts the choices that there are, and picks. */
class PickingChooser implements Chooser {
  readonly bursts = false;
  readonly #order: BaseOrder;
  readonly #picks: ReadonlyMap<number, number>;
  #choice = 0;
  #lastTask = 0;

  constructor({ order, deviations }: Schedule) {
    this.#order = order;
    this.#picks = new Map(deviations.map(({ choice, pick }) => [choice, pick]));
  }

  choose(enabled: readonly Op[]): number {
    let index = baseIndex(this.#order, enabled, this.#lastTask);
    // Counted from the base order's own choice, so that a pick is a deviation unless it comes round to it.
    if (enabled.length > 1) index = (index + (this.#picks.get(this.#choice++) ?? 0)) % enabled.length;
    this.#lastTask = enabled[index]!.task.id;
    return index;
  }

  join(_enabled: readonly Op[], _step: number, natural: boolean): number {
    return natural && this.#order === 'natural' ? 0 : -1;
  }

  take(): number {
    return 0;
  }
}
