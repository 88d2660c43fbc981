import type { Chooser } from './chooser.ts';
import { naturalOrder } from './chooser.ts';
import { StraddleError } from './error.ts';
import { messageOf, type FailureKind, type RawFailure } from './failure.ts';
import type { GateHost } from './gates.ts';
import { Points } from './points.ts';
import { Op, TimerOp, WaitOp } from './op.ts';
import type { Hook, Site } from './point.ts';
import { Labels } from './schedule.ts';
import { Tasks, type Task } from './task.ts';
import { CONTESTED, DEVIATED, EARLY, JOINED, PREEMPTED, Trace } from './trace.ts';
import { Clock } from './world/clock.ts';

/** How one execution is to be run. */
export interface RunSpec {
  chooser: Chooser;
  /** 1-based number, as the body sees it. */
  execution: number;
  /** Seed of `Math.random` and its like. */
  seed: number;
  maxSteps: number;
  /** The earliest timer competes with other enabled operations. */
  elastic: boolean;
  /** Virtual milliseconds by which timers may run ahead of enabled work. */
  stallMs: number;
  /** False: instrumented awaits are no scheduling points. */
  awaits: boolean;
}

/** Eyes on an execution that is being told to a person; absent in the search, where speed counts. */
export interface Observer {
  begin(): void;
  created(op: Op): void;
  chosen(enabled: readonly Op[], index: number, step: number): void;
  fired(op: Op, step: number): void;
  /** Runs a task's code so that what it creates can be attributed to it later. */
  within(task: Task, run: () => void): void;
  end(): void;
}

/** Work outside the process that an execution has asked for. */
export interface Outside {
  /** Completions that have come in, in the order of their requests. */
  readonly completed: Op[];
  /** True while something that was asked for has not completed. */
  pending(): boolean;
}

/** Why the loop gave control back: the execution ended, the drain needs a turn, or outside work does. */
export type Pause = 'ended' | 'drain' | 'time' | 'outside';

/** Steps between two looks at the real clock. */
const STEPS_PER_LOOK = 64;
/** A weak timer or an interval that fires this often with no effect is taken for dead. */
const DRY_FIRES = 100;

/** How far what is left after a failure is driven on. */
const ABANDONED_STEPS = 1_000;

/** Phases of the event loop that natural order must tell apart. */
const TIMERS = 0;
const CHECK = 1;

/**
 * One execution at a time: tasks, operations, the enabled list, the step loop. It knows strategies only
 * through `Chooser`, and the virtual world only through its clock.
 */
export class Scheduler implements Hook, GateHost {
  readonly clock = new Clock();
  readonly tasks = new Tasks();
  readonly labels = new Labels();
  readonly trace = new Trace(memory);
  readonly points = new Points(this);
  failure: RawFailure | undefined;
  ended = true;
  /** Choices of this execution with two or more enabled operations. */
  contested = 0;
  /** The number of the current execution over the life of this scheduler; a `Sim` checks it. */
  generation = 0;
  spec!: RunSpec;
  observer: Observer | undefined;
  outside: Outside | undefined;
  /** Names of timers that fired dry, for the diagnosis. */
  readonly dryTimers = new Set<string>();

  /** Enabled operations in natural order; immediates, completions and timers join only while a choice is made. */
  readonly #enabled: Op[] = [];
  /** How many of them are enabled by themselves. */
  #readyCount = 0;
  #drain: (() => void) | undefined;
  #current!: Task;
  #currentStep = 0;
  #previous: Task | undefined;
  #requests = 0;
  #drains = 0;
  #open = 0;
  #batch = -1;
  /** Natural order would go on settling what became enabled in this drain. */
  #joinable = false;
  /** It would have, but the chooser drained first. */
  #apart = false;
  #undrained = false;
  #stall = 0;
  #phase = TIMERS;
  #round = 0;
  #activity = 0;
  #dry = 0;
  #dryFrom = -1;
  #abandoned = false;
  #sinceLook = 0;
  readonly #atEnd: (() => void)[] = [];

  /** @param drain the synchronous drain, or `undefined` to give control back after every step. */
  constructor(drain: (() => void) | undefined) {
    this.#drain = drain;
  }

  // ------------------------------------------------------------------ life of an execution

  begin(spec: RunSpec): void {
    this.spec = spec;
    this.generation++;
    this.clock.clear();
    this.tasks.clear();
    this.trace.clear();
    this.points.clear();
    if (this.#enabled.length > 0) this.#enabled.length = 0;
    this.failure = undefined;
    this.contested = 0;
    this.ended = false;
    this.#requests = 0;
    this.#drains = 0;
    this.#open = 0;
    this.#batch = -1;
    this.#joinable = false;
    this.#apart = false;
    this.#undrained = false;
    this.#stall = spec.stallMs;
    this.#phase = TIMERS;
    this.#round = 0;
    this.#activity = 0;
    this.#dry = 0;
    this.#dryFrom = -1;
    this.#abandoned = false;
    this.#previous = undefined;
    this.#currentStep = 0;
    this.#current = this.tasks.main();
    if (this.dryTimers.size > 0) this.dryTimers.clear();
    this.observer?.begin();
  }

  /** Starts the body as step 0; its end, and that of every spawned task, ends the execution. */
  start(body: () => unknown): void {
    const main = this.#current;
    this.trace.push(main.id, this.labels.idOf('start'), 0, 0, 0);
    main.steps = 1;
    this.#within(main, () => this.#open_(main, body, undefined, (error) => this.fail('error', error)));
    this.#undrained = true;
  }

  /** Runs steps until the execution ends or the real loop must turn. `deadline` in ms of `realNow`. */
  pump(deadline: number, realNow: () => number): Pause {
    if (this.#undrained) {
      if (this.#drain === undefined) this.#settleDown();
      else this.#drainAll();
    }
    for (;;) {
      if (this.ended) return 'ended';
      if (this.outside?.pending() === true) return 'outside';
      if (!this.#tryStep()) {
        this.#stuck();
        return 'ended';
      }
      if (this.#drain === undefined) return 'drain';
      this.#drainAll();
      if (++this.#sinceLook >= STEPS_PER_LOOK) {
        this.#sinceLook = 0;
        if (!this.ended && realNow() > deadline) return 'time';
      }
    }
  }

  /** Ends the execution with a failure; the first one counts. */
  fail(kind: FailureKind, error: unknown, message: string = messageOf(error)): void {
    if (this.failure === undefined && !this.#abandoned && !this.ended) this.failure = { kind, message, error };
  }

  /** Makes an unhandled rejection the failure; it explains a deadlock that it caused. */
  failWithRejection(reason: unknown, task: string, spawned: boolean): void {
    const message = messageOf(reason);
    this.failure = spawned
      ? { kind: 'error', message, error: reason }
      : { kind: 'unhandled-rejection', message: `${message} (rejected in ${task}, handled by nobody)`, error: reason };
  }

  /** After a failure: lets what is left run on in natural order, so that `finally` blocks run. */
  abandon(): void {
    this.#abandoned = true;
    this.ended = false;
    this.#open++;
    const maxSteps = this.trace.length + ABANDONED_STEPS;
    this.spec = { ...this.spec, chooser: naturalOrder, elastic: false, maxSteps };
    this.trace.freeze();
    this.points.openAll();
    this.finish();
    this.#undrained = true;
  }

  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** The task whose code runs now, or ran last. */
  get current(): Task {
    return this.#current;
  }

  /** The task of which `promise` is the result, if `spawn` returned it. */
  taskOf(promise: unknown): Task | undefined {
    for (let id = 0; id < this.tasks.count; id++) {
      const task = this.tasks.all[id]!;
      if (task.result === promise) return task;
    }
    return undefined;
  }

  /** Calls `then` once, when the execution has ended or failed. */
  onEnd(then: () => void): void {
    this.#atEnd.push(then);
  }

  /** Leaves the trace's memory to the next exploration. */
  retire(): void {
    memory = this.trace.memory;
  }

  /** Tells those who asked that the execution is over. */
  finish(): void {
    if (this.#atEnd.length > 0) for (const then of this.#atEnd.splice(0)) then();
  }

  /** What is enabled or armed now. */
  *leftovers(): Generator<Op> {
    yield* this.#enabled;
    yield* this.clock.pendingImmediates;
    for (const timer of this.clock.timers) if (!timer.weak) yield timer;
    yield* this.points.parked();
  }

  /** Code is left that `finally` blocks may belong to. */
  get hasOpenEnds(): boolean {
    return this.#open > 0 || this.hasLeftovers;
  }

  get hasLeftovers(): boolean {
    return this.#enabled.length > 0 || this.clock.pending > 0 || this.points.anyParked;
  }

  // ------------------------------------------------------------------ requests: code under test calls these

  point(name: string, key: unknown): Promise<void> {
    const task = this.#current;
    const op = new Op(++this.#requests, 'point', name, this.labels.idOf(name), key, task, this.#currentStep);
    task.live++;
    this.observer?.created(op);
    const promise = new Promise<void>(capture);
    op.resolve = captured;
    this.points.arrive(op);
    return promise;
  }

  hop(value: unknown, site: Site): unknown {
    if (!this.spec.awaits || !isThenable(value)) return value;
    const op = this.#wait('await', nameOf(site));
    op.awaited = site;
    const source = Promise.resolve(value);
    op.source = source;
    const promise = new Promise<unknown>(capture);
    op.resolve = captured;
    op.reject = capturedReject;
    const { generation } = this;
    void then.call(
      source,
      (result) => {
        if (generation === this.generation) this.#settled(op, result, false);
      },
      (reason: unknown) => {
        if (generation === this.generation) this.#settled(op, reason, true);
      },
    );
    return promise;
  }

  sleep(ms: number): Promise<void> {
    const op = this.#timer('sleep', 'sleep');
    op.due = this.clock.now + (ms > 0 ? ms : 0);
    this.#own(op);
    op.task.asleep++;
    this.clock.addTimer(op);
    this.#activity++;
    const promise = new Promise<void>(capture);
    op.resolve = captured;
    return promise;
  }

  /** A blocked operation of the current task; `enable` or `enableRejected` ends the wait. */
  block(kind: 'barrier' | 'io', name: string): { op: WaitOp; promise: Promise<unknown> } {
    const op = this.#wait(kind, name);
    const promise = new Promise<unknown>(capture);
    op.resolve = captured;
    op.reject = capturedReject;
    return { op, promise };
  }

  enable(op: WaitOp, failed = false, value?: unknown): void {
    op.value = value;
    op.failed = failed;
    op.settled = this.#currentStep;
    this.#own(op);
    this.#ready(op);
  }

  spawn(name: string, body: () => unknown): Promise<unknown> {
    const task = this.tasks.create(name, this.#current);
    const op = new Op(++this.#requests, 'start', name, this.labels.idOf(name), undefined, task, this.#currentStep);
    task.live++;
    task.enabled++;
    this.observer?.created(op);
    const promise = new Promise<unknown>(capture);
    const resolve = captured;
    const reject = capturedReject;
    op.run = () => this.#open_(task, body, resolve, reject);
    this.#open++;
    task.open = true;
    task.result = promise;
    this.#ready(op);
    return promise;
  }

  /** Arms a timer whose callback is a task of its own. The returned operation is live until it fires. */
  arm(kind: 'timer' | 'immediate', name: string, ms: number, run: () => void, task?: Task): TimerOp {
    const op = this.#timer(kind, name, task ?? this.tasks.create(name, this.#current));
    op.run = run;
    if (kind === 'immediate') {
      op.due = this.#phase === CHECK ? this.#round + 1 : this.#round;
      this.clock.addImmediate(op);
      this.#activity++;
    } else {
      op.due = this.clock.now + ms;
      this.clock.addTimer(op);
      if (task === undefined) this.#activity++;
    }
    return op;
  }

  disarm(op: TimerOp): void {
    if (op.kind === 'immediate') this.clock.removeImmediate(op);
    else this.clock.removeTimer(op);
    op.task.live--;
    this.#activity++;
  }

  /** Moves an armed timer. */
  rearm(op: TimerOp, ms: number): void {
    this.clock.removeTimer(op);
    op.due = this.clock.now + ms;
    this.clock.addTimer(op);
  }

  // ------------------------------------------------------------------ gates call these

  admit(op: Op, from: number): void {
    this.points.admit(op, from);
  }

  /** Lets a held operation become enabled; the step that opened its gate is what settled it. */
  letGo(op: Op): void {
    op.settled = this.#currentStep;
    this.#own(op);
    this.#ready(op);
  }

  after(ms: number, name: string, run: () => void): void {
    this.arm('timer', name, ms, run);
  }

  // ------------------------------------------------------------------ the step

  /** One step; a script that cannot be followed ends the execution. */
  #tryStep(): boolean {
    try {
      return this.#step();
    } catch (error) {
      if (!(error instanceof StraddleError) || error.kind !== 'script') throw error;
      this.#enabled.length = this.#readyCount;
      this.fail('script', error);
      return true;
    }
  }

  /** Makes one choice, and the bursts that follow it, without draining. False if nothing is enabled. */
  #step(): boolean {
    const enabled = this.#enabled;
    const ready = enabled.length;
    this.#readyCount = ready;
    if (this.clock.pending > 0 || this.outside !== undefined) this.#addWorld();
    const count = enabled.length;
    if (count === 0) return false;
    const step = this.trace.length;
    if (step >= this.spec.maxSteps) {
      if (count > ready) enabled.length = ready;
      this.#endLive();
      return true;
    }
    const chooser = this.spec.chooser;
    const index = chooser.choose(enabled, step);
    const op = enabled[index]!;
    this.observer?.chosen(enabled, index, step);
    if (count > ready) enabled.length = ready;
    let word = index;
    if (count > 1) {
      word |= CONTESTED;
      this.contested++;
    }
    if (index > 0 || this.#apart) word |= DEVIATED;
    this.#apart = false;
    if (this.spec.elastic) word |= this.#elapse(op, ready, step);
    this.#fire(op, index < ready ? index : -1, word);
    this.#joinable = index === 0 && op.settles && op.kind !== 'sleep';
    this.#batch = op.readyIn;
    if (op.settles) this.#burst();
    return true;
  }

  /** Settles further operations before the drain, as natural order or the strategy has it. */
  #burst(): void {
    const enabled = this.#enabled;
    while (enabled.length > 0) {
      const first = enabled[0]!;
      const natural = this.#joinable && first.settles && first.readyIn === this.#batch;
      const step = this.trace.length;
      if (step >= this.spec.maxSteps) return;
      const index = this.spec.chooser.join(enabled, step, natural);
      if (index < 0) {
        this.#apart = natural;
        return;
      }
      const op = enabled[index]!;
      this.observer?.chosen(enabled, index, step);
      let word = index | JOINED;
      if (enabled.length > 1) word |= CONTESTED;
      if (!natural || index > 0) {
        word |= DEVIATED;
        this.#joinable = false;
      }
      // The continuations of one burst run one after another: each must find its own task current.
      void then.call(settledPromise, () => this.#enter(op.task, step));
      this.#fire(op, index, word, true);
    }
  }

  #fire(op: Op, readyIndex: number, word: number, joined = false): void {
    const step = this.trace.length;
    const task = op.task;
    const previous = this.#previous;
    if (previous !== undefined && previous !== task && previous.enabled > previous.asleep) word |= PREEMPTED;
    if (readyIndex >= 0) {
      removeAt(this.#enabled, readyIndex);
      task.enabled--;
    } else {
      this.#leaveWorld(op);
    }
    this.#previous = task;
    task.live--;
    task.steps++;
    this.trace.push(task.id, op.label, op.created, op.settled, word);
    if (op.kind === 'point' || op.kind === 'await') this.points.departed(op, step);
    this.observer?.fired(op, step);
    if (!joined) this.#enter(task, step);
    if (op.kind === 'await') this.#enableBehind(op as WaitOp, readyIndex);
    if (op.run === undefined) op.settle();
    else this.#within(task, op.run);
    this.#undrained = true;
  }

  #enter(task: Task, step: number): void {
    this.#current = task;
    this.#currentStep = step;
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

  #drainAll(): void {
    for (;;) {
      try {
        this.#drain!();
        break;
      } catch (error) {
        // An error in a nextTick callback leaves the drain; Node's own handler clears its bookkeeping.
        recoverFromThrow(error);
        this.fail('error', error);
      }
    }
    this.#settleDown();
  }

  /** After a drain: gates look, and the execution may have ended. */
  #settleDown(): void {
    this.#undrained = false;
    this.#drains++;
    if (this.points.gated) {
      try {
        this.points.look();
      } catch (error) {
        this.fail('error', error);
      }
    }
    if (this.#open === 0 || (this.failure !== undefined && !this.#abandoned)) this.ended = true;
  }

  // ------------------------------------------------------------------ bookkeeping

  #wait(kind: 'await' | 'barrier' | 'io', name: string): WaitOp {
    const task = this.#current;
    const op = new WaitOp(++this.#requests, kind, name, this.labels.idOf(name), undefined, task, this.#currentStep);
    task.live++;
    this.observer?.created(op);
    return op;
  }

  #timer(kind: 'timer' | 'immediate' | 'sleep', name: string, task: Task = this.#current): TimerOp {
    const op = new TimerOp(++this.#requests, kind, name, this.labels.idOf(name), undefined, task, this.#currentStep);
    task.live++;
    this.observer?.created(op);
    return op;
  }

  /** Online chain partition: the task that created it, or a strand if that one has another enabled operation. */
  #own(op: Op): void {
    let task = op.task;
    if (task.enabled > 0) {
      task.live--;
      task = this.tasks.strandOf(task, this.#current);
      task.live++;
      op.task = task;
    }
    task.enabled++;
  }

  #ready(op: Op): void {
    op.readyIn = this.#drains;
    this.#enabled.push(op);
    this.#activity++;
  }

  /** Reactions of one promise keep their order: the next one is enabled when this one is chosen. */
  #enableBehind(op: WaitOp, readyIndex: number): void {
    const { behind } = op;
    if (behind === undefined) return;
    behind.readyIn = op.readyIn;
    this.#own(behind);
    this.#enabled.splice(readyIndex, 0, behind);
  }

  /** An awaited promise has settled. */
  #settled(op: WaitOp, value: unknown, failed: boolean): void {
    op.value = value;
    op.failed = failed;
    op.settled = this.#currentStep;
    const enabled = this.#enabled;
    for (let i = 0; i < enabled.length; i++) {
      let other = enabled[i] as WaitOp;
      if (other.kind === 'await' && other.source === op.source) {
        while (other.behind !== undefined) other = other.behind;
        other.behind = op;
        return;
      }
    }
    this.points.arrive(op);
  }

  /** A spawned (or the main) body: `open` until its result has settled. */
  #open_(
    task: Task,
    body: () => unknown,
    resolve: ((value: unknown) => void) | undefined,
    reject: (reason: unknown) => void,
  ): void {
    if (resolve === undefined) {
      this.#open++;
      task.open = true;
    }
    const generation = this.generation;
    const close = (): boolean => {
      if (generation !== this.generation) return false;
      this.#open--;
      task.open = false;
      // Whoever was joined on this task goes on in this very drain: what it asks for belongs to the parent.
      if (this.#current.root === task && task.parent !== undefined) this.#current = task.parent;
      return true;
    };
    let result: unknown;
    try {
      result = body();
    } catch (error) {
      close();
      reject(error);
      return;
    }
    if (!isThenable(result)) {
      close();
      resolve?.(result);
      return;
    }
    void then.call(
      Promise.resolve(result),
      (value) => {
        if (close()) resolve?.(value);
      },
      (error: unknown) => {
        if (close()) reject(error);
      },
    );
  }

  // ------------------------------------------------------------------ timers, immediates, completions

  /** Adds what the virtual world offers to the enabled list, in the order of Node's phases. */
  #addWorld(): void {
    const { clock } = this;
    const enabled = this.#enabled;
    const ready = enabled.length;
    const timer = clock.nextTimer;
    const immediate = clock.nextImmediate;
    const due = timer !== undefined && timer.due <= clock.now;
    const timersFirst = due && (this.#phase === TIMERS || (immediate !== undefined && immediate.due > this.#round));
    if (timersFirst) enabled.push(timer);
    if (this.outside !== undefined) for (const op of this.outside.completed) enabled.push(op);
    if (immediate !== undefined) enabled.push(immediate);
    if (timer === undefined || timersFirst) return;
    if (due || enabled.length === 0) enabled.push(timer);
    else if (this.spec.elastic && timer.due - clock.now <= this.#stall) {
      // Nothing that was requested after an immediate overtakes it.
      if (immediate === undefined || immediate.id > timer.id) enabled.push(timer);
    }
    if (enabled.length === 1 && ready === 0) this.#watchDry(timer);
  }

  /** A timer that alone keeps the execution alive, and whose firing changes nothing. */
  #watchDry(timer: TimerOp): void {
    if (this.#activity !== this.#dryFrom) {
      this.#dryFrom = this.#activity;
      this.#dry = 0;
      if (this.dryTimers.size > 0) this.dryTimers.clear();
    }
    this.dryTimers.add(timer.task.name);
    if (++this.#dry > DRY_FIRES * this.clock.timers.length) this.#enabled.length = 0;
  }

  /** In elastic time: what an early timer costs of the stall budget, and the time that an operation takes. */
  #elapse(op: Op, ready: number, step: number): number {
    const { clock } = this;
    if (op instanceof TimerOp && op.at >= 0) {
      if (op.due <= clock.now || (ready === 0 && clock.nextImmediate === undefined)) return 0;
      this.#stall -= op.due - clock.now;
      return EARLY | DEVIATED;
    }
    const timer = clock.nextTimer;
    if (timer === undefined || timer.due <= clock.now) return 0;
    const limit = Math.min(this.#stall, timer.due - clock.now);
    if (limit <= 0) return 0;
    const took = this.spec.chooser.take(limit, step);
    if (took === 0) return 0;
    this.#stall -= took;
    clock.now += took;
    this.trace.took.set(step, took);
    return DEVIATED;
  }

  #leaveWorld(op: Op): void {
    const { clock } = this;
    if (op.kind === 'immediate') {
      clock.removeImmediate(op as TimerOp);
      this.#round = (op as TimerOp).due;
      this.#phase = CHECK;
    } else if (op.kind === 'io') {
      const completed = this.outside!.completed;
      completed.splice(completed.indexOf(op), 1);
    } else {
      const timer = op as TimerOp;
      if (timer.due > clock.now) clock.now = timer.due;
      clock.removeTimer(timer);
      this.#phase = TIMERS;
      if (op.kind === 'sleep') {
        op.task.enabled--;
        op.task.asleep--;
      }
    }
  }

  // ------------------------------------------------------------------ bad ends

  #endLive(): void {
    this.fail('livelock', undefined, `The execution was still running after ${this.spec.maxSteps} steps (maxSteps).`);
    this.ended = true;
  }

  /** Nothing is enabled, and nothing will be. */
  #stuck(): void {
    if (!this.#abandoned && this.failure === undefined) {
      const stalled = this.points.stalled();
      if (stalled !== undefined) this.fail('stalled-gate', undefined, stalled);
      else this.fail('deadlock', undefined, 'Nothing can run any more, and not everything has finished.');
    }
    this.ended = true;
  }
}

/** The trace's memory, handed from one exploration of this thread to the next. */
let memory: Int32Array | undefined;

// The capturing executor is shared: no closure per promise.
let captured: (value: unknown) => void;
let capturedReject: (reason: unknown) => void;
function capture(resolve: (value: never) => void, reject: (reason: unknown) => void): void {
  captured = resolve as (value: unknown) => void;
  capturedReject = reject;
}

// eslint-disable-next-line @typescript-eslint/unbound-method -- the intrinsic, whatever a body does to it
const then = Promise.prototype.then;
const settledPromise = Promise.resolve();

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value instanceof Promise) return true;
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  return typeof (value as { then?: unknown }).then === 'function';
}

const siteNames = new WeakMap<Site, string>();

/** What an instrumented await is called: its given name, or its text and function, which survive other edits. */
function nameOf(site: Site): string {
  let name = siteNames.get(site);
  if (name === undefined) {
    name = site.name ?? (site.fn === '' ? site.text : `${site.text} in ${site.fn}`);
    siteNames.set(site, name);
  }
  return name;
}

function removeAt(ops: Op[], index: number): void {
  const last = ops.length - 1;
  for (let i = index; i < last; i++) ops[i] = ops[i + 1]!;
  ops.pop();
}

/**
 * Node's handler of uncaught exceptions, which clears the stack of async ids that a throwing `nextTick`
 * callback leaves behind; without it Node aborts at the end of the macrotask.
 */
function recoverFromThrow(error: unknown): void {
  const recover = (process as unknown as { _fatalException?: (error: unknown) => boolean })._fatalException;
  recover?.call(process, error);
}
