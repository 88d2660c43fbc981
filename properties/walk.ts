import { StrategyChooser } from '../scheduler/chooser.ts';
import type { Engine, Run } from '../scheduler/control.ts';
import { StraddleError } from '../scheduler/error.ts';
import type { RawFailure } from '../scheduler/failure.ts';
import type { ExecutionInfo, ExecutionOutcome, Strategy } from '../scheduler/strategy.ts';
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
  /** The first failure; the execution that has just run is the one that failed. */
  failure: RawFailure | undefined;
  readonly #runs: Executions;
  readonly #settings: Settings;
  readonly #walker: Walker;
  readonly #chance: NumberedChance;
  readonly #chooser: StrategyChooser;
  readonly #info: ExecutionInfo & { execution: number };
  readonly #mayEndEarly: boolean;
  readonly #mayBeSingle: boolean;
  /** What has just run. */
  #ran: 'nothing' | 'an execution' | 'a repetition' = 'nothing';
  #execution = 0;
  /** It is counted here, not by another shard. */
  #counts = true;
  /** What a passing execution did, while it is repeated. */
  #before: Original | undefined;

  constructor(runs: Executions, settings: Settings, walker: Walker) {
    this.#runs = runs;
    this.#settings = settings;
    this.#walker = walker;
    const { strategy, maxSteps, bursts, time } = settings;
    this.strategy = typeof strategy === 'string' ? STRATEGIES[strategy]() : strategy;
    this.#chance = new NumberedChance(settings.seed);
    const random = this.#chance.next;
    this.#chooser = new StrategyChooser(this.strategy, bursts, random);
    this.#info = { execution: 0, random, runs: settings.runs, maxSteps, bursts, time };
    this.#mayBeSingle = walker.mayBeSingle === true;
    this.#mayEndEarly = this.strategy.space !== undefined && !this.#mayBeSingle;
  }

  /** The strategy whose choices the latest execution made. */
  get foundBy(): string {
    return this.strategy.part ?? this.strategy.name;
  }

  /**
   * Judges what has just run and says what is to run next; undefined if that is nothing.
   * No generator: its caller is one, and each execution would pass through both.
   */
  next(engine: Engine): Run | undefined {
    const ran = this.#ran;
    this.#ran = 'nothing';
    if (ran === 'an execution') {
      const next = this.#walker.end(engine, this.#execution, this.#counts);
      this.#measure(engine);
      if (engine.interrupted || next === 'stop') return undefined;
      if (next === 'judge') {
        if (this.#failed(engine)) return undefined;
        if (this.#mayBeSingle && isSingle(engine)) {
          this.exhaustive = true;
          return undefined;
        }
        if (this.#isRepeated()) {
          // It must do the same when it runs again.
          const before = (this.#before ??= new Original()).keep(engine.scheduler, undefined);
          this.#ran = 'a repetition';
          return this.#runs.again(before.chooser);
        }
      } else this.strategy.end?.(outcomeFor(engine, false));
    } else if (ran === 'a repetition') {
      this.failure = this.#difference(engine);
      if (this.failure !== undefined) return undefined;
    }
    return this.#begin(engine);
  }

  #begin(engine: Engine): Run | undefined {
    const { strategy } = this;
    const { runs, shard } = this.#settings;
    for (;;) {
      if (engine.interrupted) return undefined;
      const execution = ++this.#execution;
      // A strategy that can run out is asked once more: that nothing is left is worth knowing.
      if (execution > runs && strategy.complete !== true) return undefined;
      this.#info.execution = execution;
      // Each execution has chance of its own, whichever shard runs it.
      this.#chance.begin(execution);
      if (!strategy.begin(this.#info)) {
        this.exhaustive = strategy.complete === true;
        return undefined;
      }
      if (execution > runs) return undefined;
      this.#counts = shard === undefined || (execution - shard.index) % shard.of === 0;
      if (!this.#counts && strategy.independent === true) continue;
      this.#chooser.begin();
      this.#walker.begin();
      this.#ran = 'an execution';
      return this.#runs.next(this.#chooser, execution, this.#chanceOf(execution), this.#isElastic());
    }
  }

  #isRepeated(): boolean {
    // Not the first: an exploration of one execution would be repeated by chance, once in twenty times.
    return (
      (this.#mayEndEarly && this.#execution <= FIRST_REPLAYED) ||
      (this.#chance.next() < REPLAY_SHARE && this.#execution > 1)
    );
  }

  #measure({ scheduler, interrupted }: Engine): void {
    if (interrupted) return;
    if (this.#counts && this.strategy.single !== true) this.sampled++;
    // The body's own start is no choice.
    this.steps = Math.max(this.steps, scheduler.trace.length - 1);
    this.tasks = Math.max(this.tasks, scheduler.tasks.count);
  }

  /** A strategy that runs every schedule meets the same program each time. */
  #chanceOf(execution: number): number {
    return chanceSeed(this.#settings.seed, this.strategy.complete === true ? 1 : execution);
  }

  #isElastic(): boolean {
    const { time } = this.#settings;
    if (time !== 'mixed') return time === 'elastic';
    if (this.strategy.complete === true) return true;
    return this.strategy.single !== true && this.#chance.next() < 0.5;
  }

  /** Whether the execution that has just run failed, leaks and unplayed scripts included. */
  #failed(engine: Engine): boolean {
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
    this.failure = failed;
    return failed !== undefined;
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
  return !scheduler.contested && scheduler.offers.isUntouched;
}
