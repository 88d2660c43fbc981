import { Mutex } from 'async-mutex';
import { findDrain, nextTurn, type Drain } from './drain.ts';
import { StraddleError } from './error.ts';
import { slot } from './point.ts';
import { Rejections } from './rejections.ts';
import type { Observer, RunSpec } from './run.ts';
import { Scheduler } from './scheduler.ts';
import { ExecutionSim, type Sim } from './sim.ts';
import { World } from './world/install.ts';
import { originals } from './world/originals.ts';

/** The engine holds the loop for this long, then lets the host have a turn. */
const SLICE_MS = 50;
/** Executions between two looks at the real clock. */
const EXECUTIONS_PER_LOOK = 16;

const { now } = originals;
const explorations = new Mutex();

/** One execution that a plan asks for. Afterwards the plan reads the result off the scheduler. */
export interface Run {
  readonly spec: RunSpec;
  readonly body: (sim: Sim) => unknown;
  readonly observer?: Observer | undefined;
}

/** What runs, in which order: yields one run after the other and returns what it found. */
export type Plan<Result> = Generator<Run, Result, undefined>;

/** Who asks, and for how long. */
export interface Limits {
  readonly budgetMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called when the real loop turns. */
  readonly onTurn?: ((elapsedMs: number) => void) | undefined;
  readonly onBranch: (label: string) => void;
}

/** What a plan may use of the engine. */
export interface Engine {
  readonly scheduler: Scheduler;
  readonly rejections: Rejections;
  /** Out of budget or aborted: the current execution may be incomplete, no further one should be asked for. */
  readonly interrupted: boolean;
  elapsedMs(): number;
}

/**
 * Takes over the event loop of this thread, runs the plan, and gives the loop back, restoring every global,
 * whatever happens. Explorations that are started together run one after the other.
 * @throws StraddleError `nested` when called from a controlled execution.
 */
export async function control<Result>(limits: Limits, plan: (engine: Engine) => Plan<Result>): Promise<Result> {
  if (slot.hook !== undefined) {
    throw new StraddleError('nested', 'An exploration cannot be started inside a controlled execution.');
  }
  return explorations.runExclusive(() => new Controller(limits).run(plan));
}

class Controller implements Engine {
  scheduler!: Scheduler;
  rejections!: Rejections;
  interrupted = false;
  readonly #limits: Limits;
  readonly #started = now();
  readonly #end: number;
  #world!: World;
  #running: Run | undefined;
  #sinceLook = 0;
  /** When the host was told last. */
  #told = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#end = limits.budgetMs === undefined ? Infinity : this.#started + limits.budgetMs;
  }

  elapsedMs(): number {
    return now() - this.#started;
  }

  run<Result>(plan: (engine: Engine) => Plan<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      let steps: Plan<Result> | undefined;
      const turn = (): void => {
        try {
          steps ??= this.#begin(plan);
          this.#takeOver();
          const done = this.#slice(steps);
          if (done === undefined) {
            nextTurn(turn);
            return;
          }
          this.#giveBack();
          this.#world.retire();
          this.scheduler.retire();
          resolve(done.value);
        } catch (error) {
          this.#giveBack();
          this.#world?.retire();
          reject(error as Error);
        }
      };
      // The drain works only from a macrotask.
      nextTurn(turn);
    });
  }

  #begin<Result>(plan: (engine: Engine) => Plan<Result>): Plan<Result> {
    this.scheduler = new Scheduler(chooseDrain());
    this.rejections = new Rejections(this.scheduler);
    this.#world = new World(this.scheduler);
    return plan(this);
  }

  /** Runs for about 50 ms. Undefined: not done yet, come back in the next turn of the loop. */
  #slice<Result>(plan: Plan<Result>): { value: Result } | undefined {
    const { scheduler } = this;
    const deadline = Math.min(now() + SLICE_MS, this.#end);
    this.#checkLimits();
    for (;;) {
      if (this.#running === undefined) {
        if (++this.#sinceLook >= EXECUTIONS_PER_LOOK) {
          this.#sinceLook = 0;
          if (now() > deadline) return this.#pause();
        }
        const next = plan.next();
        if (next.done === true) return { value: next.value };
        this.#start(next.value);
      }
      const pause = scheduler.pump(deadline, now);
      if (pause === 'drain') {
        // The world stays in place: the drain runs in this turn.
        if (now() > this.#told + SLICE_MS) this.#report();
        return undefined;
      }
      if (pause !== 'ended') return this.#pause();
      this.#finish();
    }
  }

  #pause(): undefined {
    this.#giveBack();
    this.#report();
    return undefined;
  }

  #report(): void {
    this.#told = now();
    this.#limits.onTurn?.(this.elapsedMs());
  }

  /** Out of budget or aborted: the current execution ends where it is. */
  #checkLimits(): void {
    if (now() <= this.#end && this.#limits.signal?.aborted !== true) return;
    this.interrupted = true;
    if (this.#running !== undefined) this.scheduler.ended = true;
  }

  #start(run: Run): void {
    const { scheduler } = this;
    this.#running = run;
    this.rejections.clear();
    this.#world.reset(run.spec.seed, run.spec.startTime);
    scheduler.observer = run.observer;
    scheduler.begin(run.spec);
    const sim = new ExecutionSim(scheduler, this.#world.chance.next, this.#limits.onBranch);
    const { body } = run;
    scheduler.start(() => body(sim));
  }

  #finish(): void {
    const { scheduler } = this;
    if (!this.interrupted) {
      this.#judgeRejections();
      if (scheduler.failure !== undefined && !scheduler.abandoned && scheduler.hasOpenEnds) {
        scheduler.observer?.end();
        scheduler.observer = undefined;
        scheduler.abandon();
        return;
      }
    }
    scheduler.observer?.end();
    scheduler.trace.thaw();
    scheduler.finish();
    this.#world.clean();
    this.#running = undefined;
  }

  /** A rejection that nobody handled decides unless the execution failed otherwise already. */
  #judgeRejections(): void {
    const { scheduler } = this;
    const rejection = this.rejections.first();
    if (rejection === undefined || scheduler.abandoned) return;
    const stuck = scheduler.failure?.kind === 'deadlock' || scheduler.failure?.kind === 'stalled-gate';
    if (scheduler.failure !== undefined && !stuck) return;
    scheduler.failWithRejection(rejection.reason, rejection.task, rejection.spawned);
  }

  #takeOver(): void {
    slot.hook = this.scheduler;
    this.rejections.hold();
    this.#world.install();
  }

  #giveBack(): void {
    if (slot.hook === this.scheduler) slot.hook = undefined;
    this.#world?.uninstall();
    this.rejections?.letGo();
  }
}

let drain: Drain | undefined;

/** The synchronous drain, unless this runtime has none or `STRADDLE_DRAIN=turn` asks for the fall-back. */
function chooseDrain(): Drain | undefined {
  if (process.env['STRADDLE_DRAIN'] === 'turn') return undefined;
  return (drain ??= findDrain());
}
