import { StrategyChooser } from '../scheduler/chooser.ts';
import type { Engine, Plan } from '../scheduler/control.ts';
import { StraddleError } from '../scheduler/error.ts';
import type { RawFailure } from '../scheduler/failure.ts';
import type { ExecutionOutcome, Strategy } from '../scheduler/strategy.ts';
import { NumberedChance } from '../scheduler/world/chance.ts';
import { chanceSeed, type Executions } from './executions.ts';
import type { Settings } from './options.ts';
import { leakOf, outcomeOf } from './outcome.ts';
import { Original } from './repetition.ts';
import type { Warning } from './report.ts';
import { STRATEGIES } from './strategies.ts';

/** Share of the passing executions that are replayed, to catch what is not controlled. */
const REPLAY_SHARE = 0.05;
/** Of an exploration that may end early, having run every schedule, so many of the first executions are all replayed. */
const FIRST_REPLAYED = 10;

/** Who asks for the executions, and keeps count of them. */
export interface Walker {
  /** An execution begins that is not a repetition. */
  begin(): void;
  /**
   * It has ended. 'skip': it is not judged; 'stop': it is not, and no further one is wanted.
   * @param counts another shard counts it if this is false.
   */
  end(engine: Engine, execution: number, counts: boolean): 'judge' | 'skip' | 'stop';
  /** Whether the latest execution, a repetition perhaps, was broken off by its own body. */
  isBrokenOff?(): boolean;
  /** Bodies without a choice have one interleaving, and are run once. */
  readonly mayBeSingle?: boolean;
  readonly warnings: Map<string, Warning>;
}

/** Executions of one body, as a strategy has them, until one fails, no schedule is left, or the budget is spent. */
export class Walk {
  readonly strategy: Strategy;
  /** The strategy has run every schedule within its bounds. */
  exhaustive = false;
  /** Executions that count and in which chance had a say. */
  sampled = 0;
  /** Of the longest execution: choices, and tasks. */
  steps = 0;
  tasks = 0;
  readonly #runs: Executions;
  readonly #settings: Settings;
  readonly #walker: Walker;
  /** What a passing execution did, while it is repeated. */
  #before: Original | undefined;

  constructor(runs: Executions, settings: Settings, walker: Walker) {
    this.#runs = runs;
    this.#settings = settings;
    this.#walker = walker;
    this.strategy = typeof settings.strategy === 'string' ? STRATEGIES[settings.strategy]() : settings.strategy;
  }

  /** The strategy whose choices the latest execution made. */
  get foundBy(): string {
    return this.strategy.part ?? this.strategy.name;
  }

  /** The first failure; the execution that has just run is the one that failed. */
  *plan(engine: Engine): Plan<RawFailure | undefined> {
    const { strategy } = this;
    const settings = this.#settings;
    const walker = this.#walker;
    const { runs, maxSteps, bursts, time, seed, shard } = settings;
    const chance = new NumberedChance(seed);
    const random = chance.next;
    const chooser = new StrategyChooser(strategy, bursts, random);
    const info = { execution: 0, random, runs, maxSteps, bursts, time };
    const mayEndEarly = strategy.space !== undefined && walker.mayBeSingle !== true;
    for (let execution = 1; !engine.interrupted; execution++) {
      // A strategy that can run out is asked once more: that nothing is left is worth knowing.
      if (execution > runs && strategy.complete !== true) break;
      info.execution = execution;
      // Each execution has chance of its own, whichever shard runs it.
      chance.begin(execution);
      if (!strategy.begin(info)) {
        this.exhaustive = strategy.complete === true;
        break;
      }
      if (execution > runs) break;
      const counts = shard === undefined || (execution - shard.index) % shard.of === 0;
      if (!counts && strategy.independent === true) continue;
      chooser.begin();
      walker.begin();
      yield this.#runs.next(chooser, execution, this.#chanceOf(execution), this.#isElastic(random));
      const next = walker.end(engine, execution, counts);
      this.#measure(engine, counts);
      if (engine.interrupted || next === 'stop') break;
      if (next === 'skip') {
        this.strategy.end?.(outcomeFor(engine, false));
        continue;
      }
      const failure = this.#judge(engine);
      if (failure !== undefined) return failure;
      if (walker.mayBeSingle === true && isSingle(engine)) {
        this.exhaustive = true;
        break;
      }
      // Not the first: an exploration of one execution would be repeated by chance, once in twenty times.
      if ((mayEndEarly && execution <= FIRST_REPLAYED) || (random() < REPLAY_SHARE && execution > 1)) {
        // It must do the same when it runs again.
        const before = (this.#before ??= new Original()).keep(engine.scheduler, undefined);
        yield this.#runs.again(before.chooser);
        const differs = this.#difference(engine);
        if (differs !== undefined) return differs;
      }
    }
    return undefined;
  }

  #measure({ scheduler, interrupted }: Engine, counts: boolean): void {
    if (interrupted) return;
    if (counts && this.strategy.single !== true) this.sampled++;
    // The body's own start is no choice.
    this.steps = Math.max(this.steps, scheduler.trace.length - 1);
    this.tasks = Math.max(this.tasks, scheduler.tasks.count);
  }

  /** A strategy that runs every schedule meets the same program each time. */
  #chanceOf(execution: number): number {
    return chanceSeed(this.#settings.seed, this.strategy.complete === true ? 1 : execution);
  }

  #isElastic(random: () => number): boolean {
    const { time } = this.#settings;
    if (time !== 'mixed') return time === 'elastic';
    if (this.strategy.complete === true) return true;
    return this.strategy.single !== true && random() < 0.5;
  }

  /** The failure of the execution that has just run, leaks and unplayed scripts included. */
  #judge(engine: Engine): RawFailure | undefined {
    const { scheduler } = engine;
    const { leaks } = this.#settings;
    let failed = outcomeOf(scheduler, leaks === 'fail');
    if (failed === undefined && leaks === 'warn') {
      const leak = leakOf(scheduler);
      if (leak !== undefined) this.#walker.warnings.set('leak', { name: 'leak', detail: leak.message });
    }
    try {
      this.strategy.end?.(outcomeFor(engine, failed !== undefined));
    } catch (error) {
      if (!(error instanceof StraddleError)) throw error;
      const { kind, message } = error;
      if (kind !== 'script' && kind !== 'nondeterminism') throw error;
      failed ??= { kind, message, error };
    }
    return failed;
  }

  /** Whether the repetition that has just run did something else. */
  #difference({ scheduler, interrupted }: Engine): RawFailure | undefined {
    if (interrupted || this.#walker.isBrokenOff?.() === true) return undefined;
    const difference = this.#before!.differenceFrom(scheduler, outcomeOf(scheduler, this.#settings.leaks === 'fail'));
    return difference === undefined ? undefined : { kind: 'nondeterminism', message: difference };
  }
}

function outcomeFor({ scheduler, drew }: Engine, failed: boolean): ExecutionOutcome {
  return { steps: scheduler.trace.length, tasks: scheduler.tasks.count, failed, drew };
}

/** Nothing could have run before or with anything else. */
function isSingle({ scheduler }: Engine): boolean {
  return scheduler.contested === 0 && scheduler.offers.isUntouched;
}
