import { AsyncResource } from 'node:async_hooks';
import type { GateHost } from './gates.ts';
import { IoOp, Op, ReachedOp, TimerOp, WaitOp } from './op.ts';
import { slot, type Hook, type Site } from './point.ts';
import { Points } from './points.ts';
import { isThenable, promiseFor, promiseThen, resolvedBy, settledPromise, type Settler } from './promises.ts';
import type { Observer, RunSpec } from './run.ts';
import { Labels } from './schedule.ts';
import { nameOfSite } from './site-names.ts';
import { Tasks, type Task } from './task.ts';
import { Offers } from './world/offers.ts';

/** Once a step has had more, every await of a value that is no thenable is a scheduling point in its execution. */
const MOST_PLAIN_AWAITS = 1_000;

/** What code under test asks for: each request becomes an operation, enabled at once or later. */
export abstract class Requests implements Hook, GateHost {
  readonly tasks = new Tasks();
  readonly labels = new Labels();
  readonly points = new Points(this);
  readonly offers = new Offers();
  /** The number of the current execution over the life of this scheduler; a `Sim` checks it. */
  generation = 0;
  spec!: RunSpec;
  observer: Observer | undefined;
  /** No exploration uses it at the moment. */
  isRetired = false;
  /** What is still waiting at the end of this execution goes on after the exploration: the host's set-up of a file. */
  protected isLasting = false;
  /** The execution has ended, and the host does its own work around it. */
  protected isLeft = false;
  /** The task whose code runs now, or ran last. */
  current = this.tasks.main();

  /** Enabled operations in natural order; the world's offers join only while a choice is made. */
  protected readonly enabled: Op[] = [];
  protected currentStep = 0;
  protected drains = 0;
  /** Bodies that have not finished: the main one and those spawned. */
  protected open = 0;
  protected requests = 0;
  /** The step in which values that are no thenables were awaited last, and how many there. */
  #polledIn = 0;
  protected plainAwaits = 0;

  get clock(): Offers['clock'] {
    return this.offers.clock;
  }

  /** Changes when code that runs in no step asks for something, enables something, or ends a task. */
  get activity(): number {
    return this.requests + this.enabled.length - this.open;
  }

  get newest(): Op | undefined {
    return this.enabled.at(-1);
  }

  point(name: string, key: unknown): Promise<void> {
    const { current } = this;
    const { watched } = this.points;
    // What is not watched is enabled at once.
    const task = watched ? current : this.tasks.heirOf(current, current);
    let op = task.spare;
    if (op === undefined) {
      op = new Op(++this.requests, 'point', name, this.labels.idOf(name), key, task, this.currentStep);
    } else {
      task.spare = undefined;
      op.id = ++this.requests;
      op.name = name;
      op.label = this.labels.idOf(name);
      op.key = key;
      op.task = task;
      op.created = op.settled = this.currentStep;
    }
    task.live++;
    if (this.observer !== undefined) this.observer.created(op);
    const promise = resolvedBy(op);
    if (key !== undefined) this.points.arrivedWithKey(op);
    if (watched) this.points.arrive(op);
    else {
      task.enabled++;
      op.readyIn = this.drains;
      this.enabled.push(op);
    }
    return promise;
  }

  /** Code that awaits so many plain values in one step looks for what only another step can bring, or never ends. */
  #polls(): boolean {
    if (this.#polledIn !== this.currentStep && this.plainAwaits <= MOST_PLAIN_AWAITS) {
      this.#polledIn = this.currentStep;
      this.plainAwaits = 0;
    }
    return ++this.plainAwaits > MOST_PLAIN_AWAITS;
  }

  /** A point that somebody outside of the process has reached on behalf of `task`; `go` lets him go on. */
  reached(name: string, key: unknown, task: Task, go: () => void, site?: Site): void {
    const op = new ReachedOp(++this.requests, 'point', name, this.labels.idOf(name), key, task, this.currentStep);
    op.run = go;
    op.reachedAt = site;
    task.live++;
    if (this.observer !== undefined) this.observer.created(op);
    if (key !== undefined) this.points.arrivedWithKey(op);
    this.points.arrive(op);
  }

  hop(value: unknown, site: Site): unknown {
    if (!this.spec.awaits || (!isThenable(value) && !this.#polls())) return value;
    const op = this.#wait('await', nameOfSite(site), site);
    const source = Promise.resolve(value);
    op.source = source;
    const promise = promiseFor(op);
    if (this.isLasting) op.outlives = true;
    const { generation } = this;
    void promiseThen.call(
      source,
      (result) => {
        this.#answered(op, generation, result, false);
      },
      (reason: unknown) => {
        this.#answered(op, generation, reason, true);
      },
    );
    // The reaction of a promise that is settled already is queued before this one.
    if (this.observer !== undefined) void promiseThen.call(settledPromise, () => (op.waited ??= true));
    return promise;
  }

  sleep(ms: number): Promise<void> {
    const op = this.#timer('sleep', 'sleep', this.current);
    op.due = this.clock.now + ms;
    this.tasks.claim(op, this.current);
    op.task.asleep++;
    this.clock.addTimer(op);
    return resolvedBy(op);
  }

  spawn(name: string, body: () => unknown): Promise<unknown> {
    const task = this.tasks.create(name, this.current);
    const op = new Op(++this.requests, 'start', name, this.labels.idOf(name), undefined, task, this.currentStep);
    task.live++;
    task.enabled++;
    if (this.observer !== undefined) this.observer.created(op);
    const outcome: Settler = { resolve: undefined, reject: undefined };
    const promise = promiseFor(outcome);
    const scope = new AsyncResource('straddle.task');
    op.run = () => this.within(scope, task, () => this.runBody(task, body, outcome.resolve!, outcome.reject!));
    task.result = promise;
    this.opened(task);
    this.#ready(op);
    return promise;
  }

  /** A task of its own whose start is enabled only while it is put forward. */
  prepare(name: string, run: () => void): Op {
    const task = this.tasks.create(name, this.current);
    const op = new Op(++this.requests, 'start', name, this.labels.idOf(name), undefined, task, this.currentStep);
    task.live++;
    if (this.observer !== undefined) this.observer.created(op);
    op.run = run;
    return op;
  }

  putForward(op: Op): void {
    op.settled = this.currentStep;
    op.task.enabled++;
    this.#ready(op);
  }

  withdraw(op: Op): void {
    const at = this.enabled.indexOf(op);
    if (at < 0) return;
    this.enabled.splice(at, 1);
    op.task.enabled--;
  }

  /** Resolves when nothing but timers is left to run. */
  idle(): Promise<unknown> {
    const op = this.#wait('barrier', 'idle');
    (this.offers.idlers ??= []).push(op);
    return promiseFor(op);
  }

  /** A blocked operation of the current task; `enable` ends the wait. */
  block(kind: 'barrier', name: string): { op: WaitOp; promise: Promise<unknown> } {
    const op = this.#wait(kind, name);
    return { op, promise: promiseFor(op) };
  }

  enable(op: WaitOp, failed = false, value?: unknown): void {
    op.value = value;
    op.failed = failed;
    this.letGo(op);
  }

  /** Arms a timer or an immediate; its callback is a task of its own, or goes on as `task` if it is an interval's. */
  arm(kind: 'timer' | 'immediate', name: string, ms: number, run: () => void, task?: Task): TimerOp {
    const op = this.#timer(kind, name, task ?? this.tasks.create(name, this.current));
    op.run = run;
    if (kind === 'immediate') {
      op.due = this.offers.nextRound;
      this.clock.addImmediate(op);
    } else {
      op.due = this.clock.now + ms;
      op.again = task !== undefined;
      this.clock.addTimer(op);
    }
    return op;
  }

  disarm(op: TimerOp): void {
    const was = op.kind === 'immediate' ? this.clock.removeImmediate(op) : this.clock.removeTimer(op);
    if (was) op.task.live--;
  }

  /** Moves an armed timer: it fires after those that are due at the same time already. */
  rearm(op: TimerOp, ms: number): void {
    if (!this.clock.removeTimer(op)) return;
    op.due = this.clock.now + ms;
    this.clock.addTimer(op);
  }

  weaken(op: TimerOp, weak: boolean): void {
    this.clock.weaken(op, weak);
  }

  watch(op: TimerOp): void {
    this.offers.watch(op);
  }

  /**
   * The host does its own work around the execution that has ended: clean-up, hooks. What it waits for goes on as
   * without an exploration.
   */
  leaveToHost(): void {
    this.isLeft = true;
    for (const op of this.enabled) {
      if (op.kind !== 'await') continue;
      for (let one: WaitOp | undefined = op as WaitOp; one !== undefined; one = one.behind) one.settle();
    }
  }

  /** The delivery of a message, in the given round of the loop; the virtual ports offer it. */
  deliver(name: string, due: number, run: () => void): TimerOp {
    const op = this.#timer('message', name, this.tasks.create(name, this.current));
    op.run = run;
    op.due = due;
    this.clock.pending++;
    return op;
  }

  undeliver(op: TimerOp): void {
    this.clock.pending--;
    op.task.live--;
  }

  /** Something outside of the process; the world offers it from `offer` on. */
  ask(name: string, run: () => void, task: Task = this.current): IoOp {
    const op = new IoOp(++this.requests, 'io', name, this.labels.idOf(name), undefined, task, this.currentStep);
    op.run = run;
    task.live++;
    if (this.observer !== undefined) this.observer.created(op);
    return op;
  }

  offer(op: IoOp): void {
    op.settled = this.currentStep;
    this.tasks.claim(op, this.current);
  }

  newTask(name: string): Task {
    return this.tasks.create(name, this.current);
  }

  /** Runs a callback in the async context in which it was asked for. */
  within(scope: AsyncResource, task: Task, run: () => void): void {
    const { observer } = this;
    if (observer === undefined) scope.runInAsyncScope(run);
    else scope.runInAsyncScope(() => observer.within(task, run));
  }

  admit(op: Op, from: number): void {
    this.points.admit(op, from);
  }

  after(ms: number, name: string, run: () => void): void {
    this.arm('timer', name, ms, run);
  }

  /** Nothing keeps `op` any more; the step that is running is what settled it. */
  letGo(op: Op): void {
    op.settled = this.currentStep;
    this.tasks.claim(op, this.current);
    this.#ready(op);
  }

  /** A body begins: the execution ends only when all have finished. */
  protected opened(task: Task): void {
    this.open++;
    task.open = true;
  }

  /** Runs a body and settles what `spawn` returned with its outcome. */
  protected runBody(
    task: Task,
    body: () => unknown,
    resolve: (value: unknown) => void,
    reject: (reason: unknown) => void,
  ): void {
    const { generation } = this;
    let result: unknown;
    try {
      result = body();
    } catch (error) {
      this.#close(task, generation, reject, error);
      return;
    }
    if (!isThenable(result)) {
      this.#close(task, generation, resolve, result);
      return;
    }
    void promiseThen.call(
      Promise.resolve(result),
      (value) => this.#close(task, generation, resolve, value),
      (error: unknown) => this.#close(task, generation, reject, error),
    );
  }

  #close(task: Task, generation: number, settle: (outcome: unknown) => void, outcome: unknown): void {
    if (generation !== this.generation) return;
    this.open--;
    task.open = false;
    // Whoever was joined on this task goes on in this very drain: what it asks for belongs to the parent.
    if (task.parent !== undefined && this.current.root === task) this.current = task.parent;
    settle(outcome);
  }

  /** Reactions of one promise keep their order: the next one is enabled when this one is chosen. */
  protected enableBehind(op: WaitOp, at: number): void {
    const { behind } = op;
    if (behind === undefined) return;
    if (this.points.watched) {
      this.points.arrive(behind);
      return;
    }
    behind.readyIn = op.readyIn;
    this.tasks.claim(behind, this.current);
    this.enabled.splice(at, 0, behind);
  }

  #wait(kind: 'await' | 'barrier', name: string, awaited?: Site): WaitOp {
    const task = this.current;
    const op = new WaitOp(++this.requests, kind, name, this.labels.idOf(name), undefined, task, this.currentStep);
    op.awaited = awaited;
    task.live++;
    if (this.observer !== undefined) this.observer.created(op);
    return op;
  }

  #timer(kind: 'timer' | 'immediate' | 'message' | 'sleep', name: string, task: Task): TimerOp {
    const op = new TimerOp(++this.requests, kind, name, this.labels.idOf(name), undefined, task, this.currentStep);
    task.live++;
    if (this.observer !== undefined) this.observer.created(op);
    return op;
  }

  #ready(op: Op): void {
    op.readyIn = this.drains;
    this.enabled.push(op);
  }

  enabledAt(label: number): number {
    return this.enabled.filter((op) => op.label === label && (op.kind === 'point' || op.kind === 'await')).length;
  }

  /** What is enabled, armed or held now. */
  *leftovers(): Generator<Op> {
    yield* this.enabled;
    yield* this.clock.pendingImmediates;
    for (const timer of this.clock.timers) if (!timer.weak) yield timer;
    yield* this.points.parked();
    if (this.offers.outside !== undefined) yield* this.offers.outside.leftovers();
  }

  get hasLeftovers(): boolean {
    const { enabled, offers, points } = this;
    return (
      enabled.length > 0 || offers.clock.pending > 0 || points.anyParked || (offers.outside?.ready.length ?? 0) > 0
    );
  }

  /** Code is left that `finally` blocks may belong to. */
  get hasOpenEnds(): boolean {
    return this.open > 0 || this.hasLeftovers;
  }

  abstract departed(label: number): number;

  /** An awaited promise has settled, perhaps when the execution is over. */
  #answered(op: WaitOp, generation: number, value: unknown, failed: boolean): void {
    const isOwn = generation === this.generation;
    if (isOwn && !this.isLeft) this.#settled(op, value, failed);
    else if (slot.hook === undefined && (isOwn || (op.outlives && this.isRetired))) {
      op.value = value;
      op.failed = failed;
      op.settle();
    }
  }

  #settled(op: WaitOp, value: unknown, failed: boolean): void {
    op.value = value;
    op.failed = failed;
    op.settled = this.currentStep;
    op.waited ??= false;
    const { enabled } = this;
    for (let i = 0; i < enabled.length; i++) {
      let other = enabled[i] as WaitOp;
      if (other.kind === 'await' && other.source === op.source) {
        while (other.behind !== undefined) other = other.behind;
        other.behind = op;
        return;
      }
    }
    if (this.points.watched) this.points.arrive(op);
    else this.letGo(op);
  }
}
