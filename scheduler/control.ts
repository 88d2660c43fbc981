import { nextTurn } from './drain.ts';
import { StraddleError } from './error.ts';
import type { RawFailure } from './failure.ts';
import type { HostWatch } from './host-watch.ts';
import { leaveParts, takeParts, type Parts } from './parts.ts';
import { slot } from './point.ts';
import type { Rejections } from './rejections.ts';
import type { Observer, RunSpec } from './run.ts';
import type { Scheduler } from './scheduler.ts';
import { ExecutionSim, type Sim } from './sim.ts';
import type { World } from './world/install.ts';
import { originals } from './world/originals.ts';
import { messageOf } from './thrown.ts';

/** The engine holds the loop for this long, then lets the host have a turn. */
const SLICE_MS = 50;
/** Executions between two looks at the real clock. */
const EXECUTIONS_PER_LOOK = 16;

const { now } = originals;

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
  readonly signal?: Pick<AbortSignal, 'aborted'> | undefined;
  /** Called when the real loop turns. */
  readonly onTurn?: ((elapsedMs: number) => void) | undefined;
  readonly onBranch: (label: string) => void;
  /** Inside a test runner: what is asked of it is waited for. */
  readonly host?: HostWatch | undefined;
}

/** What a plan may use of the engine. */
export interface Engine {
  readonly scheduler: Scheduler;
  readonly rejections: Rejections;
  /** Out of budget or aborted: the current execution may be incomplete, no further one should be asked for. */
  readonly interrupted: boolean;
  /** The latest execution drew random numbers. */
  readonly drew: boolean;
  elapsedMs(): number;
  /** Sets the budget anew: real milliseconds from now. */
  endAfter(ms: number): void;
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
  return inTurn(async () => {
    const controller = new Controller(limits);
    try {
      const result = await controller.drive(() => plan(controller));
      controller.handOn();
      return result;
    } finally {
      controller.retire();
    }
  });
}

/** Of the explorations and executions that want the loop, the last one. */
let last: Promise<unknown> | undefined;

/** One after the other. */
function inTurn<T>(run: () => Promise<T>): Promise<T> {
  const turn = last === undefined ? run() : last.then(run, run);
  const done = (): void => {
    if (last === turn) last = undefined;
  };
  last = turn;
  turn.then(done, done);
  return turn;
}

/**
 * A plan whose executions are started one at a time from outside, so that a test runner can do its own work
 * around each of them: hooks, fixtures, clean-up. Between two executions the host has the loop.
 */
export class Session<Result> {
  readonly #controller: Controller;
  readonly #plan: (engine: Engine) => Plan<Result>;
  #steps: Plan<Result> | undefined;
  #next: IteratorResult<Run, Result> | undefined;

  constructor(limits: Limits, plan: (engine: Engine) => Plan<Result>) {
    this.#controller = new Controller(limits);
    this.#plan = plan;
  }

  /** What the plan found; undefined while it asks for executions. */
  get result(): Result | undefined {
    return this.#next?.done === true ? this.#next.value : undefined;
  }

  /** What the current execution is told to do; undefined before the first one. */
  get spec(): Readonly<RunSpec> | undefined {
    return this.#next?.done === false ? this.#next.value.spec : undefined;
  }

  /** Whether the current execution is being watched so that it can be told to a person. */
  get isWatched(): boolean {
    return this.#next?.done === false && this.#next.value.observer !== undefined;
  }

  /**
   * Runs the execution that the plan asks for and resolves when it has ended, however it ended.
   * @throws StraddleError `nested` when called from a controlled execution.
   */
  async execute(): Promise<void> {
    if (slot.hook !== undefined) {
      throw new StraddleError('nested', 'An exploration cannot be started inside a controlled execution.');
    }
    await inTurn(() => this.#controller.drive(() => this.#one()));
    this.#controller.scheduler.leaveToHost();
  }

  /** How the execution ended; what the host did after it counts, too. */
  get failure(): RawFailure | undefined {
    return this.#controller.scheduler.failure;
  }

  /** The host's own work around the execution failed; the execution's own failure comes first. */
  fail(error: unknown, message?: string): void {
    const { scheduler } = this.#controller;
    scheduler.failure ??= { kind: 'error', message: message ?? messageOf(error), error };
  }

  /** All is known about the execution: asks the plan for the next one. False: there is none, and a result. */
  advance(): boolean {
    this.#next = this.#steps!.next();
    if (this.#next.done !== true) return true;
    this.#controller.retire();
    return false;
  }

  *#one(): Plan<void> {
    if (this.#steps === undefined) {
      this.#steps = this.#plan(this.#controller);
      this.#next = this.#steps.next();
    }
    if (this.#next!.done !== true) yield this.#next!.value;
  }
}

class Controller implements Engine {
  scheduler!: Scheduler;
  rejections!: Rejections;
  interrupted = false;
  readonly #limits: Limits;
  readonly #started = now();
  #end: number;
  #world!: World;
  #parts: Parts | undefined;
  #running: Run | undefined;
  #awaitsOutside = false;
  #sinceLook = 0;
  /** When the host was told last. */
  #told = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#end = limits.budgetMs === undefined ? Infinity : this.#started + limits.budgetMs;
  }

  get drew(): boolean {
    return this.#world.chance.used;
  }

  elapsedMs(): number {
    return now() - this.#started;
  }

  endAfter(ms: number): void {
    this.#end = now() + ms;
  }

  /** Runs a plan to its end, in as many turns of the loop as it takes. */
  drive<Result>(plan: () => Plan<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      let steps: Plan<Result> | undefined;
      const turn = (): void => {
        try {
          this.#begin();
          steps ??= plan();
          this.#takeOver();
          const done = this.#slice(steps);
          if (done === undefined) {
            this.#comeBack(turn);
            return;
          }
          this.#giveBack();
          resolve(done.value);
        } catch (error) {
          this.#giveBack();
          reject(error as Error);
        }
      };
      // The drain works only from a macrotask.
      this.#next(turn);
    });
  }

  /** Calls `turn` when the engine is to go on: in the next turn of the loop, or when outside work has settled. */
  #comeBack(turn: () => void): void {
    if (!this.#awaitsOutside) this.#next(turn);
    else
      this.#world.outside.wait(
        () => this.#next(turn),
        () => this.#isOver(),
      );
    this.#awaitsOutside = false;
  }

  #next(turn: () => void): void {
    nextTurn(turn);
    // In the same phase of the loop, when all that `turn` has set off has run, also without a synchronous drain.
    nextTurn(() => {
      // Whatever the host does from now on must get its own functions, and what is outside must find them.
      if (this.#world?.outside.sources.size > 0) this.#giveBack();
      else this.#stepAside();
    });
  }

  /** In the first turn, which is a macrotask. */
  #begin(): void {
    if (this.#parts !== undefined) return;
    const parts = (this.#parts = takeParts());
    this.scheduler = parts.scheduler;
    this.rejections = parts.rejections;
    this.#world = parts.world;
    this.scheduler.host = this.#limits.host;
  }

  /** The next exploration may run on the same parts; not after an error, which may have left something half done. */
  handOn(): void {
    if (this.#parts !== undefined) leaveParts(this.#parts);
  }

  /** After the last execution. */
  retire(): void {
    if (this.#parts === undefined) return;
    this.scheduler.isRetired = true;
    this.#world.retire();
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
      this.#awaitsOutside = pause === 'outside';
      if (pause !== 'ended') return this.#pause();
      if (this.#finish()) return this.#rest();
    }
  }

  /** A turn of the loop in which handles close; what that rejects is nobody's business any more. */
  #rest(): undefined {
    this.#world.uninstall();
    slot.hook = undefined;
    return undefined;
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
    if (!this.#isOver()) return;
    this.interrupted = true;
    if (this.#running !== undefined) this.scheduler.ended = true;
  }

  #isOver(): boolean {
    return now() > this.#end || this.#limits.signal?.aborted === true;
  }

  #start(run: Run): void {
    const { scheduler } = this;
    this.#running = run;
    this.rejections.clear();
    this.#world.reset(run.spec.seed, run.spec.startTime);
    scheduler.observer = run.observer;
    scheduler.host?.begin();
    scheduler.begin(run.spec);
    const sim = new ExecutionSim(scheduler, this.#world.chance.next, this.#limits.onBranch);
    scheduler.start(run.body as (sim: unknown) => unknown, sim);
  }

  /** True if what the execution has left open outside takes a turn of the loop to be gone. */
  #finish(): boolean {
    const { scheduler } = this;
    if (!this.interrupted) {
      this.#judgeRejections();
      if (scheduler.failure !== undefined && !scheduler.abandoned && scheduler.hasOpenEnds) {
        scheduler.observer?.end();
        scheduler.observer = undefined;
        scheduler.abandon();
        return false;
      }
    }
    scheduler.observer?.end();
    scheduler.trace.thaw();
    scheduler.finish();
    scheduler.host?.end();
    this.#running = undefined;
    return this.#world.clean();
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
    // Bodies inherit the async context of whoever explores now.
    this.scheduler.renewScope();
    this.rejections.hold();
    this.#world.install();
  }

  /** The same for what is left of a turn of the loop: functions that stand in for the host's pass through. */
  #stepAside(): void {
    if (slot.hook === this.scheduler) slot.hook = undefined;
    this.#world?.stepAside();
    this.rejections?.letGo();
  }

  #giveBack(): void {
    if (slot.hook === this.scheduler) slot.hook = undefined;
    this.#world?.uninstall();
    this.rejections?.letGo();
  }
}
