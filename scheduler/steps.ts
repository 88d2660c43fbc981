import { naturalOrder, type Chooser } from './chooser.ts';
import { recoverFromThrow, type Drain } from './drain.ts';
import { StraddleError } from './error.ts';
import type { FailureKind, RawFailure } from './failure.ts';
import type { HostWatch } from './host-watch.ts';
import type { Op, TimerOp, WaitOp } from './op.ts';
import { promiseThen, settledPromise } from './promises.ts';
import { Requests } from './requests.ts';
import type { Pause, RunSpec } from './run.ts';
import { Task } from './task.ts';
import { messageOf } from './thrown.ts';
import * as flags from './trace.ts';
import { Trace } from './trace.ts';
import { DryWatch } from './world/dry.ts';

// Constants of this module: V8 takes an imported one for a variable.
const { CONTESTED, DEVIATED, EARLY, JOINED, PREEMPTED, SITE } = flags;

/** Before the first step: nobody who could go on. */
const nobody = new Task();

/** Steps between two looks at the real clock. */
const STEPS_PER_LOOK = 64;

/**
 * The step loop: choose, settle, drain. It knows strategies only through `Chooser` and the virtual world only
 * through what it offers.
 */
export abstract class Steps extends Requests {
  readonly trace = new Trace();
  failure: RawFailure | undefined;
  ended = true;
  /** Driven on after a failure; nothing counts any more. */
  abandoned = false;
  /** This execution had a choice between two or more enabled operations. */
  contested = false;
  /** Nothing can run: whether it is worth waiting for the outside. */
  hope: () => boolean = () => false;
  readonly dry = new DryWatch();
  /** Where a test runner does work of its own meanwhile. */
  host: HostWatch | undefined;

  protected chooser: Chooser = naturalOrder;
  protected maxSteps = 0;
  protected elastic = false;
  readonly #drain: Drain | undefined;
  #previous = nobody;
  /** Natural order would have settled the next operation, too, but the chooser drained first. */
  #apart = false;
  #undrained = false;
  /** Of a burst: the tasks, and their steps, whose continuations run in the drain after the first one's. */
  readonly #entering: Task[] = [];
  readonly #enteringAt: number[] = [];
  /** The real loop has not turned since then. */
  #unturned = false;
  #sinceLook = 0;

  /** @param drain the synchronous drain, or `undefined` to give control back after every step. */
  constructor(drain: Drain | undefined) {
    super();
    this.#drain = drain;
  }

  /** Before an execution. */
  protected beginSteps({ chooser, maxSteps, elastic }: RunSpec): void {
    this.chooser = chooser;
    this.maxSteps = maxSteps;
    this.elastic = elastic;
    this.trace.clear();
    this.dry.reset();
    this.failure = undefined;
    this.contested = false;
    this.ended = false;
    this.abandoned = false;
    this.#previous = nobody;
    this.#apart = false;
  }

  /** Code has run outside of a step, in this turn of the loop: a drain comes first. */
  protected hasRun(): void {
    this.#undrained = this.#unturned = true;
  }

  /** Runs steps until the execution ends or the real loop must turn. `deadline` in ms of `realNow`. */
  pump(deadline: number, realNow: () => number): Pause {
    const drain = this.#drain;
    const { offers } = this;
    if (this.#undrained) {
      this.#undrained = false;
      if (drain !== undefined) this.#drainAll(drain);
      else if (!this.#unturned) this.#settleDown();
      else {
        this.#unturned = false;
        return this.#turn();
      }
    }
    while (!this.ended) {
      if ((offers.outside !== undefined || this.host !== undefined) && this.#mustWait()) return this.#pause('outside');
      if (!this.#step()) {
        if (!this.abandoned && (this.hope() || this.host?.mayAnswer(this.trace.length) === true))
          return this.#pause('outside');
        this.#stuck();
      } else if (drain === undefined) return this.#turn();
      else {
        this.#drainAll(drain);
        if (++this.#sinceLook >= STEPS_PER_LOOK) {
          this.#sinceLook = 0;
          if (!this.ended && realNow() > deadline) return this.#pause('time');
        }
      }
    }
    return 'ended';
  }

  /** A turn of the loop drains what the step has settled. */
  #turn(): Pause {
    this.#undrained = true;
    return 'drain';
  }

  /** Something outside is about to answer, or a test runner to be asked. */
  #mustWait(): boolean {
    return this.offers.outside?.pending() === true || this.host?.isAsking === true;
  }

  /** Code that nobody controls may run meanwhile, and even end the execution. */
  #pause(why: Pause): Pause {
    this.#undrained = true;
    this.#unturned = false;
    return why;
  }

  /** Ends the execution with a failure; the first one counts. */
  fail(kind: FailureKind, error: unknown, message: string = messageOf(error), detail?: string): void {
    if (this.failure !== undefined || this.abandoned || this.ended) return;
    this.failure = { kind, message, error, ...(detail === undefined ? {} : { detail }) };
  }

  departed(label: number): number {
    return this.trace.passed(label);
  }

  /** Makes one choice, and the bursts that follow it, without draining. False if nothing is enabled. */
  #step(): boolean {
    const { enabled, offers } = this;
    const ready = enabled.length;
    if (offers.any) this.#putForward(ready);
    const count = enabled.length;
    if (count === 0) return false;
    const step = this.trace.length;
    if (step >= this.maxSteps) return this.#giveUp(ready);
    // In whole numbers, as V8 has to be told: the decision is made of it.
    const index = this.#choose(step) | 0;
    const op = enabled[index]!;
    if (this.observer !== undefined) this.observer.chosen(enabled, index, step);
    // To set the length would drop the array's memory.
    for (let i = count; i > ready; i--) enabled.pop();
    let word = index;
    if (count > 1) {
      word |= CONTESTED;
      this.contested = true;
    }
    if (index > 0 || this.#apart) {
      word |= DEVIATED;
      this.#apart = false;
    }
    if (offers.clock.pending > 0 && this.elastic) word |= this.#elapse(op, count - 1, step);
    this.#fire(op, index < ready ? index : -1, word);
    if (op.run === undefined) this.#burst(index === 0 && op.kind !== 'sleep' ? op.readyIn : -1);
    return true;
  }

  /** Adds what the world offers to the enabled operations, of which there are `ready`. */
  #putForward(ready: number): void {
    const { enabled } = this;
    this.offers.addTo(enabled, this.elastic);
    if (ready === 0 && enabled.length === 1 && this.#isDry(enabled[0]!)) enabled.length = 0;
  }

  /** The execution takes more steps than it may. */
  #giveUp(ready: number): true {
    if (this.dry.isDrying) this.#stuck();
    this.fail('livelock', undefined, `The execution was still running after ${this.maxSteps} steps (maxSteps).`);
    this.ended = true;
    this.enabled.length = ready;
    return true;
  }

  /**
   * Asks the chooser. A script that cannot be followed, or a prefix that runs differently when it is repeated, is
   * the execution's failure, and nature takes over.
   */
  #choose(step: number): number {
    try {
      return this.chooser.choose(this.enabled, step);
    } catch (error) {
      return this.#unfollowed(error);
    }
  }

  #unfollowed(error: unknown): 0 {
    if (!(error instanceof StraddleError)) throw error;
    if (error.kind !== 'script' && error.kind !== 'nondeterminism') throw error;
    this.fail(error.kind, error);
    return 0;
  }

  /**
   * Settles further operations before the drain, as natural order or the strategy has it.
   * @param ready the drain in which the operations became enabled that natural order settles together, or −1.
   */
  #burst(ready: number): void {
    const { enabled, trace } = this;
    let batch = ready;
    while (enabled.length > 0) {
      const first = enabled[0]!;
      const natural = first.readyIn === batch && first.run === undefined;
      if (!natural && !this.chooser.bursts) return;
      const step = trace.length;
      if (step >= this.maxSteps) return;
      const index = this.chooser.join(enabled, step, natural) | 0;
      if (index < 0) {
        this.#apart = natural;
        return;
      }
      let word = index | JOINED;
      if (enabled.length > 1) word |= CONTESTED;
      if (!natural || index > 0) {
        word |= DEVIATED;
        batch = -1;
      }
      this.#join(index, word);
    }
  }

  /** Settles one more operation before the drain. */
  #join(index: number, word: number): void {
    const { enabled, current, currentStep } = this;
    const step = this.trace.length;
    const op = enabled[index]!;
    if (this.observer !== undefined) this.observer.chosen(enabled, index, step);
    // The continuations of one burst run one after another: each must find its own task current.
    this.#entering.push(op.task);
    this.#enteringAt.push(step);
    void promiseThen.call(settledPromise, this.#enterNext);
    this.#fire(op, index, word);
    this.current = current;
    this.currentStep = currentStep;
  }

  readonly #enterNext = (): void => {
    this.current = this.#entering.shift()!;
    this.currentStep = this.#enteringAt.shift()!;
  };

  /** Runs the operation, without draining. `at` is its place in the enabled list, or −1 for an offer. */
  #fire(op: Op, at: number, decision: number): void {
    const { task, kind } = op;
    const { trace, observer } = this;
    const step = trace.length;
    const previous = this.#previous;
    let word = decision | 0;
    if (previous !== task && previous.enabled > previous.asleep) word |= PREEMPTED;
    if (at >= 0) {
      removeAt(this.enabled, at);
      task.enabled--;
    } else this.#takeOffer(op);
    task.live--;
    task.steps++;
    if (task.parent !== undefined) task.parent.idleFrom = 0;
    this.#previous = task;
    this.current = task;
    this.currentStep = step;
    const isPoint = kind === 'point';
    const isSite = isPoint || kind === 'await';
    if (isSite) word |= SITE;
    trace.push(task.id, op.label, op.created, op.settled, word);
    if (observer !== undefined) observer.fired(op, step);
    if (op.key !== undefined) this.points.departedWithKey(op);
    if (isSite && this.points.watched) this.points.depart(op);
    if (kind === 'await') this.enableBehind(op as WaitOp, at);
    if (op.run !== undefined) this.#within(task, op.run);
    else if (isPoint) {
      op.resolve!(undefined);
      if (observer === undefined) task.spare = op;
    } else op.settle();
  }

  #takeOffer(op: Op): void {
    const { task, kind } = op;
    this.offers.remove(op);
    if (kind === 'sleep' || kind === 'io') task.enabled--;
    if (kind === 'sleep') task.asleep--;
  }

  /** In elastic time: an early timer, or the time that the operation takes; both deviate. */
  #elapse(op: Op, others: number, step: number): number {
    const { offers } = this;
    if (offers.firesEarly(op, others)) return EARLY | DEVIATED;
    const limit = offers.mostTaken;
    if (limit <= 0 || op.kind === 'timer' || op.kind === 'sleep') return 0;
    const took = this.chooser.take(limit, step);
    if (took <= 0) return 0;
    offers.take(took);
    this.trace.take(took);
    return DEVIATED;
  }

  /** Runs a callback as Node would: what it throws is an uncaught exception. */
  #within(task: Task, run: () => void): void {
    try {
      if (this.observer === undefined) run();
      else this.observer.within(task, run);
    } catch (error) {
      this.fail('error', error);
    }
  }

  #drainAll(drain: Drain): void {
    for (;;) {
      try {
        drain();
        break;
      } catch (error) {
        recoverFromThrow(error);
        this.fail('error', error);
      }
    }
    this.#settleDown();
  }

  /** After a drain: gates look, and the execution may have ended. */
  #settleDown(): void {
    this.drains++;
    if (this.points.watched) this.#look();
    if (this.open === 0 || (this.failure !== undefined && !this.abandoned)) this.ended = true;
  }

  #look(): void {
    try {
      this.points.look();
    } catch (error) {
      this.fail('error', error);
    }
  }

  /** Nothing is enabled, and nothing will be. */
  #stuck(): void {
    const stalled = this.points.stalled();
    if (stalled !== undefined) this.fail('stalled-gate', undefined, stalled, this.points.census());
    else {
      const timers = [...this.dry.tasks].map((task) => task.name).join(', ');
      const dry = `Timers are left, but firing them again and again changes nothing: ${timers}.`;
      const message = `Nothing can run any more, and these wait: ${this.tasks.unfinished()}.`;
      const told = [timers === '' ? undefined : dry, this.offers.outside?.unanswered].filter(
        (one) => one !== undefined,
      );
      this.fail('deadlock', undefined, message, told.length === 0 ? undefined : told.join(' '));
    }
    this.ended = true;
  }

  /** The only operation enabled is a timer that leads nowhere. */
  #isDry(op: Op): boolean {
    if (op.kind !== 'timer') return false;
    return this.dry.isDead(op as TimerOp, this.clock, this.trace, this.tasks);
  }
}

/** From the end: each place is read and written at once, which takes V8 one check of its bounds instead of two. */
function removeAt(ops: Op[], index: number): void {
  let moved = ops.pop()!;
  for (let i = ops.length - 1; i >= index; i--) {
    const next = ops[i]!;
    ops[i] = moved;
    moved = next;
  }
}
