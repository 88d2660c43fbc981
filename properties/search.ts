import { naturalOrder } from '../scheduler/chooser.ts';
import type { Engine, Plan } from '../scheduler/control.ts';
import { ReplayChooser } from '../scheduler/replaying.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { Sim } from '../scheduler/sim.ts';
import { decodeToken } from '../scheduler/token.ts';
import { START_TIME } from '../scheduler/world/clock.ts';
import type { Branches } from './branches.ts';
import { Distinct } from './distinct.ts';
import { Executions } from './executions.ts';
import { confirm } from './failing.ts';
import type { Settings } from './options.ts';
import { statisticsOf } from './residual.ts';
import { outcomeOf } from './outcome.ts';
import type { Failure, Progress, Report, Vacuity, Warning } from './report.ts';
import { Schedules } from './shard.ts';
import { Straddling } from './straddling.ts';
import { Evidence } from './vacuity.ts';
import { Walk, type Walker } from './walk.ts';

/** What found a failure whose token was stored. */
const STORE = 'an earlier failure';

/** One exploration: the search, and what becomes of its first failure. */
export class Search implements Walker {
  executions = 0;
  readonly #settings: Settings;
  readonly #branches: Branches;
  readonly #body: (sim: Sim) => unknown;
  readonly #runs: Executions;
  readonly #walk: Walk;
  readonly #evidence = new Evidence();
  readonly #distinct = new Distinct();
  readonly #schedules: Schedules | undefined;
  readonly #straddling = new Straddling();
  readonly warnings = new Map<string, Warning>();
  readonly #first: readonly string[];
  /** Those of them that do not fail any more. */
  readonly #mended: string[] = [];
  #steps = 0;

  /** @param first tokens of earlier failures, tried before anything else. */
  constructor(body: (sim: Sim) => unknown, settings: Settings, branches: Branches, first: readonly string[] = []) {
    this.#settings = settings;
    this.#first = first;
    this.#branches = branches;
    this.#body = body;
    this.#runs = new Executions(body, settings);
    this.#walk = new Walk(this.#runs, settings, this);
    if (settings.shard !== undefined) this.#schedules = new Schedules();
  }

  /** Tokens of earlier failures that pass now. */
  get mended(): readonly string[] {
    return this.#mended;
  }

  /** @param onFound called when a failure is to be made small. */
  *plan(engine: Engine, onFound?: () => void): Plan<Report> {
    let failure = yield* this.#retry(engine, onFound);
    if (failure === undefined) {
      const walk = this.#walk;
      for (let run = walk.next(engine); run !== undefined; run = walk.next(engine)) yield run;
      if (walk.failure !== undefined) {
        onFound?.();
        failure = yield* confirm(engine, this.#runs, this.#settings, walk.failure, walk.foundBy);
      }
    }
    return this.#report(engine, failure);
  }

  /** Earlier failures first. What a token asks for is followed as far as it can be. */
  *#retry(engine: Engine, onFound?: () => void): Plan<Failure | undefined> {
    const { scheduler } = engine;
    for (const token of this.#first) {
      const recording = decodeToken(token);
      const { execution, seed, time, deviations, order, steps, granularity, stallMs, maxSteps, startTime } = recording;
      const settings = { ...this.#settings, granularity, stallMs, maxSteps, startTime: startTime ?? START_TIME };
      const runs = new Executions(this.#body, settings);
      runs.next(naturalOrder, execution, seed, time === 'elastic');
      this.#branches.counting = true;
      yield runs.replay(new ReplayChooser(deviations, order, steps));
      this.#branches.counting = false;
      if (this.#branches.misuse !== undefined) throw this.#branches.misuse;
      if (engine.interrupted) return undefined;
      // Every shard tries them again, and the first one counts that.
      if ((settings.shard?.index ?? 1) === 1) this.#count(scheduler);
      else this.#branches.drop();
      const failed = outcomeOf(scheduler, settings.leaks === 'fail' || recording.kind === 'leak');
      if (failed !== undefined) {
        onFound?.();
        return yield* confirm(engine, runs, settings, failed, STORE);
      }
      this.#mended.push(token);
    }
    return undefined;
  }

  /** An execution that has run to its end. */
  #count(scheduler: Scheduler, execution?: number): void {
    const { trace } = scheduler;
    this.executions++;
    this.#steps += trace.length;
    this.#distinct.add(trace);
    this.#schedules?.add(scheduler);
    this.#branches.close(execution ?? this.executions);
    this.#straddling.add(trace);
  }

  /** How far it is. */
  progress(elapsedMs: number): Progress {
    const { runs } = this.#settings;
    const { executions } = this;
    const schedules = this.#walk.strategy.space?.()?.schedules;
    const leftMs =
      executions === 0 ? undefined : (elapsedMs / executions) * (Math.min(runs, schedules ?? runs) - executions);
    return {
      executions,
      runs,
      elapsedMs,
      ...(schedules === undefined ? {} : { schedules }),
      ...(leftMs === undefined ? {} : { leftMs: Math.max(0, leftMs) }),
    };
  }

  begin(): void {
    this.#branches.counting = true;
  }

  end({ scheduler, interrupted }: Engine, execution: number, counts: boolean): 'judge' | 'stop' {
    this.#branches.counting = false;
    if (this.#branches.misuse !== undefined) throw this.#branches.misuse;
    if (interrupted) return 'stop';
    this.#evidence.add(scheduler);
    if (counts) this.#count(scheduler, this.#settings.shard === undefined ? undefined : execution);
    else this.#branches.drop();
    return 'judge';
  }

  #report(engine: Engine, failure: Failure | undefined): Report {
    const settings = this.#settings;
    const branches = this.#branches.counts(this.executions);
    const { exhaustive, strategy, sampled, steps, tasks } = this.#walk;
    const space = strategy.space?.();
    if (failure === undefined && space?.cursor !== undefined)
      this.warnings.set('unfinished', unfinished(this.executions, space.schedules));
    let missing: Vacuity[] = [];
    // A shard for which no execution was left has nothing to say.
    const isJudged = this.executions > 0 || settings.shard === undefined;
    if (failure === undefined && settings.expect === 'pass' && settings.vacuity !== 'off' && isJudged) {
      missing = this.#evidence.missing(settings.branches, branches, this.executions, exhaustive);
    }
    const wanted = settings.expect === 'fail' ? failure !== undefined : failure === undefined;
    let verdict: Report['verdict'] = wanted ? 'pass' : 'fail';
    if (verdict === 'pass' && missing.length > 0 && settings.vacuity === 'fail') verdict = 'vacuous';
    return {
      verdict,
      executions: this.executions,
      steps: this.#steps,
      distinct: this.#distinct.size,
      exhaustive,
      ...(space === undefined ? {} : { space }),
      seed: settings.seed,
      strategy: typeof settings.strategy === 'string' ? settings.strategy : settings.strategy.name,
      elapsedMs: engine.elapsedMs(),
      branches,
      branchTable: this.#branches.rows,
      statistics: statisticsOf(
        {
          ...{ executions: this.executions, distinct: this.#distinct.size, exhaustive, sampled, steps, tasks },
          failed: failure !== undefined,
          strategy: strategy.name,
        },
        branches,
        settings,
      ),
      straddled: this.#straddling.counts(engine.scheduler.labels),
      ...(failure === undefined ? {} : { failure }),
      ...(this.#schedules === undefined ? {} : { schedules: this.#schedules.list }),
      vacuous: missing,
      warnings: [...this.warnings.values(), ...engine.scheduler.health.list()],
    };
  }
}

function unfinished(executions: number, schedules: number): Warning {
  const about = schedules > 1e12 ? 'more than a million million' : `about ${schedules.toLocaleString('en')}`;
  return {
    name: 'unfinished',
    detail: `${executions.toLocaleString('en')} of ${about} schedules were run: raise 'runs', bound the search (exhaustive({ preemptions: 2 })), or go on from report.space.cursor (exhaustive({ resume })).`,
  };
}
