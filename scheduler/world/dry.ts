import { promiseHooks } from 'node:v8';
import type { TimerOp } from '../op.ts';
import type { Task, Tasks } from '../task.ts';
import type { Trace } from '../trace.ts';
import { worldSlot } from './dispatch.ts';
import type { Clock } from './clock.ts';

/** A timer that has fired this often and changed nothing is taken for dead. */
const DRY_FIRES = 100;
/** Dry fires after which promises are watched too; doubled whenever that shows life. */
const FIRES_BEFORE_WATCHING = 10;

/**
 * Recognises an execution in which nothing is left but timers that lead nowhere: intervals that have fired
 * before, and unref'd timers. One fire is dry if all that ran until the next one is code that the timer's own
 * callback started, and no promise from before has been resumed meanwhile. When every timer left has fired
 * dry 100 times, nothing will ever change. A timer that keeps its process alive and has not fired yet is a
 * reason to go on; so is an unref'd one, which may be somebody's time-out.
 */
export class DryWatch {
  /** Dry fires by the task of the timer; one that a timer's callback arms goes on counting. */
  readonly #fires = new Map<Task, number>();
  readonly #promises = new PromiseWatch();
  #fired: Task | undefined;
  #step = -1;
  #total = 0;
  #patience = FIRES_BEFORE_WATCHING;
  #lookAt = 0;
  /** The step at which it was found to be in vain. */
  #deadAt = -1;

  reset(): void {
    this.#patience = FIRES_BEFORE_WATCHING;
    this.#deadAt = -1;
    this.#alive();
  }

  #alive(): void {
    if (this.#total === 0) return;
    this.#total = 0;
    this.#fired = undefined;
    this.#fires.clear();
    this.#promises.stop();
  }

  /** Whether the execution has been firing dry timers for long, though not long enough for each of them. */
  get isDrying(): boolean {
    return this.#total > DRY_FIRES;
  }

  /** The tasks of the timers that have fired dry. */
  get tasks(): ReadonlySet<Task> {
    return new Set(this.#fires.keys());
  }

  /** At a choice at which only `timer` is enabled. True: it will be in vain. */
  isDead(timer: TimerOp, clock: Clock, trace: Trace, tasks: Tasks): boolean {
    if (clock.firm > 0) {
      this.#alive();
      return false;
    }
    // Nothing has run since: it is asked again because the outside was waited for.
    if (this.#deadAt === trace.length) return true;
    if (!this.#wasDry(trace, tasks)) this.#alive();
    else if (this.#promises.woken) {
      this.#patience *= 2;
      this.#alive();
    }
    if (this.#total > 0 && this.#total >= this.#lookAt && this.#allDry(clock)) {
      this.#promises.stop();
      this.#deadAt = trace.length;
      return true;
    }
    this.#fires.set(timer.task, this.#firesOf(timer.task) + 1);
    this.#fired = timer.task;
    this.#step = trace.length;
    this.#total++;
    if (this.#total === this.#patience) {
      // What was counted so far was counted blindly.
      this.#fires.clear();
      this.#lookAt = this.#total + DRY_FIRES;
      this.#promises.start();
    }
    this.#promises.mark();
    return false;
  }

  /** All steps since the last fire belong to code that it started. */
  #wasDry(trace: Trace, tasks: Tasks): boolean {
    if (this.#fired === undefined) return false;
    for (let step = this.#step; step < trace.length; step++) {
      let task: Task | undefined = tasks.all[trace.taskAt(step)];
      while (task !== undefined && task !== this.#fired) task = task.parent;
      if (task === undefined) return false;
    }
    return true;
  }

  #allDry(clock: Clock): boolean {
    if (this.#total < this.#patience) return false;
    // Not again at every fire: there may be many timers.
    this.#lookAt = this.#total + clock.timers.length;
    return clock.timers.every(({ task }) => this.#firesOf(task) >= DRY_FIRES);
  }

  #firesOf(task: Task): number {
    for (let one: Task | undefined = task; one !== undefined; one = one.parent) {
      const fires = this.#fires.get(one);
      if (fires !== undefined) return fires;
    }
    return 0;
  }
}

/** Notices when code goes on that has waited since before the last mark. */
class PromiseWatch {
  woken = false;
  #stop: (() => void) | undefined;
  #fresh = new WeakSet<object>();

  start(): void {
    this.#stop ??= promiseHooks.createHook({
      init: (promise) => void this.#fresh.add(promise),
      before: (promise) => {
        // What goes on while the host has the loop is the host's.
        if (worldSlot.world !== undefined && !this.#fresh.has(promise)) this.woken = true;
      },
    }) as () => void;
  }

  mark(): void {
    this.woken = false;
    if (this.#stop !== undefined) this.#fresh = new WeakSet();
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.woken = false;
  }
}
