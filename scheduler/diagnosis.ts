import { AsyncLocalStorage } from 'node:async_hooks';
import { promiseHooks } from 'node:v8';
import type { Waiting } from './failure.ts';
import type { Op, OpKind } from './op.ts';
import type { Observer } from './run.ts';
import type { Scheduler } from './scheduler.ts';
import { promiseThen } from './promises.ts';
import { deepStack, shorten, siteOfStack } from './sites.ts';
import type { Task } from './task.ts';
import { CONTESTED, DEVIATED, EARLY, JOINED } from './trace.ts';

/** One step of an execution as it is told to a person. */
export interface Step {
  /** 0-based. */
  readonly step: number;
  readonly task: string;
  /** The name of the operation that was chosen. */
  readonly op: string;
  readonly kind: OpKind;
  readonly key?: string;
  /** `file:line:column` in the user's source. */
  readonly site?: string;
  /** Virtual milliseconds when it ran. */
  readonly time: number;
  /** The steps that it happens after: the one that created it, the one that settled what it waited for. */
  readonly created: number;
  readonly settled: number;
  /** Tasks that could have run instead. */
  readonly others: readonly string[];
  /** Differs from the order that deviations are counted against. */
  readonly deviation: boolean;
  /** Settled together with the step before. */
  readonly together: boolean;
  /** A timer that fired while other work was enabled. */
  readonly early: boolean;
  /** Virtual milliseconds that it took before it ran. */
  readonly took: number;
}

/** An operation that may run now, as it is told to a person. */
export type Runnable = Pick<Step, 'task' | 'op' | 'kind' | 'key' | 'site'>;

interface Noted {
  readonly task: string;
  readonly kind: OpKind;
  readonly key: unknown;
  readonly site: string | undefined;
  readonly time: number;
}

/** A native await or reaction that has not been resumed. */
interface Parked {
  readonly task: Task;
  readonly order: number;
  readonly trace: Error;
}

/** A wait that the waiting task has told about. */
interface Told {
  readonly task: Task;
  readonly on: string;
  readonly heldBy: (() => string | undefined) | undefined;
  readonly site: string | undefined;
}

/**
 * Watches one execution so that it can be told: which task really ran (by async context, where plain awaits
 * move code into another task's step), where in the source, and who is parked on which native await.
 * Far too slow for a search; a person reads one execution.
 */
export class Diagnosis implements Observer {
  readonly #scheduler: Scheduler;
  readonly #context = new AsyncLocalStorage<Task>();
  readonly #noted = new Map<Op, Noted>();
  readonly #owner = new Map<Op, Task | undefined>();
  readonly #pending = new Set<Op>();
  readonly #others: string[][] = [];
  readonly #parked = new Map<Promise<unknown>, Parked>();
  readonly #told = new Map<Promise<unknown>, Told>();
  readonly #steps: Noted[] = [];
  #stop: (() => void) | undefined;
  #order = 0;
  waiting: Waiting[] = [];
  /** There were instrumented awaits; undefined if it has watched nothing. */
  awaits: boolean | undefined;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  begin(): void {
    this.awaits = false;
    this.#stop = promiseHooks.createHook({
      init: (promise, parent) => this.#park(promise, parent),
      before: (promise) => void this.#parked.delete(promise as Promise<unknown>),
      settled: (promise) => void this.#parked.delete(promise as Promise<unknown>),
    }) as () => void;
  }

  within(task: Task, run: () => void): void {
    this.#context.run(task, run);
  }

  created(op: Op): void {
    const site =
      op.site === undefined ? siteOfStack(deepStack()) : `${shorten(op.site.file)}:${op.site.line}:${op.site.column}`;
    this.#noted.set(op, { task: '', kind: op.kind, key: op.key, site, time: 0 });
    if (op.kind === 'await') this.awaits = true;
    this.#pending.add(op);
    this.#owner.set(op, this.#context.getStore());
  }

  told(promise: Promise<unknown>, on: string, heldBy: (() => string | undefined) | undefined): void {
    const task = this.#context.getStore() ?? this.#scheduler.current.root;
    this.#told.set(promise, { task, on, heldBy, site: siteOfStack(deepStack()) });
    const forget = (): void => void this.#told.delete(promise);
    void promiseThen.call(promise, forget, forget);
  }

  fired(op: Op): void {
    this.#pending.delete(op);
    const noted = this.#noted.get(op);
    this.#steps.push({
      task: this.#nameOf(op),
      kind: op.kind,
      key: op.key,
      site: noted?.site,
      time: this.#scheduler.clock.now,
    });
  }

  end(): void {
    this.#stop?.();
    this.#stop = undefined;
    // Else Node 20 copies its store into every async resource from here on.
    this.#context.disable();
    this.waiting = this.#whoWaits();
  }

  /** The steps of the execution that has just ended. */
  steps(): Step[] {
    const { trace, tasks, labels } = this.#scheduler;
    const told: Step[] = [];
    for (let step = 0; step < trace.length; step++) {
      // Step 0 is the body's start, which no operation announces.
      const noted = step === 0 ? undefined : this.#steps[step - 1];
      told.push({
        step,
        task: noted?.task ?? tasks.all[trace.taskAt(step)]!.name,
        op: labels.nameOf(trace.labelAt(step)),
        kind: noted?.kind ?? 'start',
        ...(noted?.key === undefined ? {} : { key: show(noted.key) }),
        ...(noted?.site === undefined ? {} : { site: noted.site }),
        time: noted?.time ?? 0,
        created: trace.createdAt(step),
        settled: trace.settledAt(step),
        others: trace.has(step, CONTESTED) ? (this.#others[step] ?? []) : [],
        deviation: trace.has(step, DEVIATED),
        together: trace.has(step, JOINED),
        early: trace.has(step, EARLY),
        took: trace.took.get(step) ?? 0,
      });
    }
    return told;
  }

  /** While a choice is made: what may run now. */
  runnable(enabled: readonly Op[]): Runnable[] {
    return enabled.map((op) => {
      const site = this.#noted.get(op)?.site;
      return {
        task: this.#nameOf(op),
        op: op.name,
        kind: op.kind,
        ...(op.key === undefined ? {} : { key: show(op.key) }),
        ...(site === undefined ? {} : { site }),
      };
    });
  }

  /** While a choice is made: who waits for something else. */
  waitingBesides(enabled: readonly Op[]): Waiting[] {
    return this.#whoWaits(new Set(enabled), 'an await');
  }

  chosen(enabled: readonly Op[], index: number, step: number): void {
    this.#others[step] = enabled.filter((_, i) => i !== index).map((op) => `${this.#nameOf(op)} at ${op.name}`);
  }

  /** By async context where that knows better: code resumed by a native await in another task's step. */
  #nameOf(op: Op): string {
    const owner = this.#owner.get(op);
    if (op.kind === 'start' || op.kind === 'timer' || op.kind === 'immediate' || op.kind === 'message')
      return op.task.name;
    return owner === undefined || owner === op.task.root ? op.task.name : owner.name;
  }

  #park(promise: unknown, parent: unknown): void {
    const task = this.#context.getStore();
    // A promise with a parent is an await's or a reaction's: it is somebody waiting.
    if (task === undefined || parent === undefined) return;
    this.#parked.set(promise as Promise<unknown>, { task, order: this.#order++, trace: new Error() });
  }

  #whoWaits(enabled: ReadonlySet<Op> = new Set(), nothing = 'an await that nothing settles'): Waiting[] {
    const waiting: Waiting[] = [];
    const told = new Set([...enabled].map((op) => this.#nameOf(op)));
    const add = (one: Waiting): void => {
      told.add(one.task);
      waiting.push(one);
    };
    const explained = new Set<string>();
    for (const { task, on, heldBy, site } of this.#told.values()) {
      if (told.has(task.name)) continue;
      const holder = heldBy?.();
      explained.add(task.name);
      add({
        task: task.name,
        on,
        ...(site === undefined ? {} : { site }),
        ...(holder === undefined ? {} : { heldBy: holder }),
      });
    }
    const held = new Set(this.#scheduler.points.parked());
    for (const op of this.#pending) {
      if (enabled.has(op) || explained.has(this.#nameOf(op))) continue;
      const site = this.#noted.get(op)?.site;
      const on = held.has(op) ? `the gate at ${op.name}` : describe(op);
      add({ task: this.#nameOf(op), on, ...(site === undefined ? {} : { site }) });
    }
    const latest = new Map<Task, { site: string; order: number }>();
    for (const { task, order, trace } of this.#parked.values()) {
      const site = siteOfStack(trace.stack);
      if (site === undefined) continue;
      const known = latest.get(task);
      if (known === undefined || order > known.order) latest.set(task, { site, order });
    }
    const { tasks } = this.#scheduler;
    for (let id = 0; id < tasks.count; id++) {
      const task = tasks.all[id]!;
      if (!task.open || told.has(task.name)) continue;
      const site = latest.get(task)?.site;
      add({ task: task.name, on: nothing, ...(site === undefined ? {} : { site }) });
    }
    return waiting;
  }
}

function describe(op: Op): string {
  switch (op.kind) {
    case 'await':
      return `await ${op.name}`;
    case 'barrier':
      return 'a barrier that nobody has reached';
    case 'start':
      return 'its start';
    case 'point':
      return `the point ${op.name}`;
    case 'sleep':
    case 'timer':
    case 'immediate':
    case 'message':
    case 'io':
      return op.name;
  }
}

function show(key: unknown): string {
  return typeof key === 'string' ? key : typeof key === 'object' && key !== null ? 'object' : String(key);
}
