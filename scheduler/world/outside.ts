import type { AsyncResource } from 'node:async_hooks';
import type { Health } from '../health.ts';
import type { IoOp, TimerOp } from '../op.ts';
import type { Outside } from '../run.ts';
import type { Task } from '../task.ts';
import { originals } from './originals.ts';
import type { Patience } from './patience.ts';
import { Request, type Limits } from './request.ts';

/** The engine looks again in every turn of the loop for so long, then every millisecond. */
const SPIN_MS = 2;
/** The same for what announces its answers: only in case it never does. */
const ANNOUNCED_MS = 50;
/** Completions stand behind all effects that have not taken place. */
const COMPLETED = 2 ** 31;

const { now } = originals;

/** What work outside needs of the scheduler. */
export interface OutsideHost {
  readonly current: Task;
  /** Changes when code that runs in no step asks for something, enables something, or ends a task. */
  readonly activity: number;
  readonly health: Health;
  readonly offers: { outside: Outside | undefined };
  /** A request; the world offers it when it can be chosen. */
  ask(name: string, run: () => void, task?: Task): IoOp;
  /** It can be chosen from now on. */
  offer(op: IoOp): void;
  newTask(name: string): Task;
  /** A virtual timer; its callback goes on as `task` if there is one. */
  arm(kind: 'timer', name: string, ms: number, run: () => void, task?: Task): TimerOp;
  disarm(op: TimerOp): void;
  weaken(op: TimerOp, weak: boolean): void;
  /** How many steps there have been. */
  readonly trace: { readonly length: number };
  within(scope: AsyncResource, task: Task, run: () => void): void;
}

/** Something outside that may answer: a request, or a handle that lives long. */
export interface Source {
  /** Completions land in the order of these numbers. */
  readonly order: number;
  /** What a person is told about it while it has not answered. */
  readonly name: string;
  /** It stirs the work outside when it has answered: nobody has to look at it again and again meanwhile. */
  readonly announces?: boolean;
  /** Any step may set it off, unseen: the loop turns once after each. */
  readonly followsSteps?: boolean;
  /** The next choice waits for it. `at` is now, in milliseconds of waiting. */
  expects(at: number): boolean;
  /**
   * Milliseconds of waiting that it is given to answer when nothing else can run: 0 if it will not by itself, infinitely
   * many if it is sure to.
   */
  patienceMs(): number;
  /** It has not answered by then, but is on the way to: that can be seen. */
  isAtWork?(): boolean;
  /** What it has answered becomes operations. */
  land(): void;
  /** The execution is over. True if it takes a turn of the loop until it is gone. */
  end(): boolean;
}

/**
 * The work outside of the process that one execution has asked for. Effects happen when their operation is
 * chosen; what comes back is collected while the real loop turns, and offered in the order of the requests.
 */
export class OutsideWork implements Outside {
  /** Code of the execution is running: native code that calls back now was called by it. */
  isRunning = false;
  readonly host: OutsideHost;
  readonly ready: IoOp[] = [];
  /** What must be put in order when the execution ends in the middle of it. */
  readonly atEnd = new Set<() => void>();
  readonly sources = new Set<Source>();
  readonly #closing = new WeakSet<IoOp>();
  readonly #patience: Patience;
  #orders = 0;
  /** Something may be under way that was not when the engine looked last. */
  #stirred = false;
  /** How many sources follow steps, and after which step the loop has turned. */
  #followers = 0;
  #turnedAfter = 0;
  #wake: (() => void) | undefined;

  constructor(host: OutsideHost, patience: Patience) {
    this.host = host;
    this.#patience = patience;
  }

  // ------------------------------------------------------------------ what the world offers

  /** Takes a chosen operation out. True for a completion, false for an effect that takes place now. */
  remove(op: IoOp): boolean {
    this.ready.splice(this.ready.indexOf(op), 1);
    return op.order >= COMPLETED;
  }

  pending(): boolean {
    if (this.#followers > 0 && this.#turnedAfter !== this.host.trace.length) return true;
    if (!this.#stirred) return false;
    if (this.#isExpecting()) return true;
    this.#stirred = false;
    for (const source of this.sources) source.land();
    return false;
  }

  /** Milliseconds that have been waited for the outside: silence is measured in them. */
  get waitedMs(): number {
    return this.#patience.time.now;
  }

  #isExpecting(): boolean {
    const at = this.waitedMs;
    for (const source of this.sources) if (source.expects(at)) return true;
    return false;
  }

  /** All that the next choice waits for tells by itself when it is there. */
  #isAnnounced(at: number): boolean {
    for (const source of this.sources) if (source.announces !== true && source.expects(at)) return false;
    return this.sources.size > 0;
  }

  // ------------------------------------------------------------------ what is asked for

  /** The place of the next request or handle in the order of completions. */
  nextOrder(): number {
    this.host.offers.outside = this;
    return ++this.#orders;
  }

  /** An effect that happens when it is chosen. `close`: at the latest when the execution ends. */
  call(name: string, perform: (order: number, task: Task) => void, close?: () => void): void {
    const order = this.nextOrder();
    const op = this.host.ask(name, () => {
      if (close !== undefined) this.atEnd.delete(close);
      perform(order, op.task);
    });
    if (close !== undefined) {
      this.atEnd.add(close);
      this.#closing.add(op);
    }
    this.#offer(op, order);
  }

  /** The outcome of an effect, to be delivered when that is chosen. */
  complete(name: string, order: number, task: Task, deliver: () => void): void {
    this.land(this.host.ask(name, deliver, task), order);
  }

  /** Offers a completion. */
  land(op: IoOp, order: number): void {
    this.#offer(op, COMPLETED + order);
  }

  #offer(op: IoOp, order: number): void {
    const { ready } = this;
    op.order = order;
    let at = ready.length;
    while (at > 0 && ready[at - 1]!.order > order) at--;
    ready.splice(at, 0, op);
    this.host.offer(op);
  }

  /** Work that goes on outside until it answers once. */
  request(name: string, order: number = this.nextOrder(), task?: Task, limits?: Limits): Request {
    const request = new Request(this, this.host.ask(name, nothing, task), order, limits);
    this.add(request);
    return request;
  }

  /** A promise that something outside settles: that it does is an operation. */
  promise<T>(name: string, promise: Promise<T>, limits?: Limits): Promise<T> {
    const request = this.request(name, this.nextOrder(), undefined, limits);
    return new Promise<T>((resolve, reject) => {
      promise.then(
        (value) => request.answer(() => resolve(value)),
        (error: unknown) => request.answer(() => reject(error as Error)),
      );
    });
  }

  add(source: Source): void {
    this.sources.add(source);
    if (source.followsSteps === true) this.#followers++;
    this.#stirred = true;
  }

  delete(source: Source): void {
    if (this.sources.delete(source) && source.followsSteps === true) this.#followers--;
  }

  /** Something was asked of a source, or has arrived from it. */
  stir(): void {
    this.#stirred = true;
    this.#wake?.();
  }

  // ------------------------------------------------------------------ waiting, while the host has the loop

  /** Calls `resume` in a macrotask, when the engine may go on or `isOver` says that it must. */
  wait(resume: () => void, isOver: () => boolean): void {
    const began = now();
    const patience = this.#patience;
    const { time } = patience;
    const { activity } = this.host;
    let soon = false;
    let timer: unknown;
    let firedMs = 0;
    time.begin();
    const look = (): void => {
      soon = false;
      originals.clearTimeout(timer as never);
      if (this.#wake !== wake) return;
      this.#turnedAfter = this.host.trace.length;
      time.turned(firedMs);
      firedMs = 0;
      const isAnswered = this.#stirred || this.host.activity !== activity;
      const done = patience.isWaiting ? isAnswered || patience.isOver : !this.#isExpecting();
      if (done || isOver()) {
        this.#wake = undefined;
        if (isAnswered) patience.stop();
        resume();
        return;
      }
      const ms = !patience.isWaiting && this.#isAnnounced(time.now) ? ANNOUNCED_MS : 1;
      if (ms === 1 && now() - began < SPIN_MS) wake();
      else timer = (originals.setTimeout as (callback: () => void, ms: number) => unknown)(() => fired(ms), ms);
    };
    const fired = (ms: number): void => {
      firedMs = ms;
      wake();
    };
    const wake = (): void => {
      if (soon) return;
      soon = true;
      originals.setImmediate(look);
    };
    this.#wake = wake;
    wake();
  }

  /** Nothing can run: true while something outside may change that. */
  hope(): boolean {
    const aliveMs = Math.max(0, ...[...this.sources].map((source) => source.patienceMs()));
    return this.#patience.lasts(aliveMs, this.#isAtWork);
  }

  readonly #isAtWork = (): boolean => {
    for (const source of this.sources) if (source.isAtWork?.() === true) return true;
    return false;
  };

  /** What has been waited for in vain, for a person to read. */
  get unanswered(): string | undefined {
    const names = [...this.sources].filter((source) => source.patienceMs() > 0).map(({ name }) => name);
    return names.length === 0
      ? undefined
      : `Outside of straddle's control, these have not answered: ${names.join(', ')}.`;
  }

  // ------------------------------------------------------------------ the end

  *leftovers(): Generator<IoOp> {
    for (const op of this.ready) if (op.order < COMPLETED && !this.#closing.has(op)) yield op;
  }

  /**
   * Closes what the execution has left open; what still answers is dropped. True if it takes a turn of the loop
   * until all is gone.
   */
  end(): boolean {
    this.#patience.stop();
    this.#wake = undefined;
    if (this.#orders === 0) return false;
    for (const clean of this.atEnd) clean();
    this.atEnd.clear();
    let isOpen = false;
    for (const source of [...this.sources]) isOpen = source.end() || isOpen;
    this.sources.clear();
    return isOpen;
  }

  /** Before an execution: forgets what the one before has asked for. */
  reset(): void {
    this.end();
    if (this.ready.length > 0) this.ready.length = 0;
    this.#orders = 0;
    this.#stirred = false;
    this.#followers = 0;
    this.#turnedAfter = 0;
  }
}

function nothing(): void {
  // Replaced when the answer comes.
}
