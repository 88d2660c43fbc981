import type { Op } from './op.ts';

/**
 * A task: a named logical thread. The body (`main`), every `spawn`, every timer or event callback, and every
 * strand that forks off a task (online chain partition): when an operation of a task becomes enabled while
 * another operation of it is, the newcomer goes to a strand of its own, named after its parent (`add#3/1`).
 */
export class Task {
  /** Dense number in order of creation; the same in every execution of one schedule. */
  id = 0;
  /** Steps that this task has run. */
  steps = 0;
  /** Enabled or sleeping operations: 0 or 1, since a task never overtakes itself. @internal */
  enabled = 0;
  /** Those of them that sleep. @internal */
  asleep = 0;
  /** Operations not yet run, enabled or not, that were created by this task. @internal */
  live = 0;
  /** The spawned body is still running. @internal */
  open = false;
  /** What `spawn` returned. @internal */
  result: Promise<unknown> | undefined;
  /** @internal */
  parent: Task | undefined;
  /** @internal */
  readonly strands: Task[] = [];
  /** A point of this task that has been passed, to be used again: old objects move within lists at less cost. @internal */
  spare: Op | undefined;
  /** No strand before this one is idle; 0 again whenever one has run. @internal */
  idleFrom = 0;
  #base = '';
  #ordinal = 1;
  #isStrand = false;
  #name = '';

  /** Readable and stable: `add`, `add#2`, `add#2/1`. */
  get name(): string {
    if (this.#name === '') {
      if (this.#isStrand) this.#name = `${this.parent!.name}/${this.#ordinal}`;
      else this.#name = this.#ordinal === 1 ? this.#base : `${this.#base}#${this.#ordinal}`;
    }
    return this.#name;
  }

  /** The task that this one is a strand of, or itself. */
  get root(): Task {
    return this.#isStrand ? this.parent!.root : this;
  }

  /** @internal */
  reset(id: number, base: string, ordinal: number, parent: Task | undefined, isStrand: boolean): void {
    this.id = id;
    this.steps = 0;
    this.enabled = 0;
    this.asleep = 0;
    this.live = 0;
    this.open = false;
    this.result = undefined;
    this.parent = parent;
    this.idleFrom = 0;
    // Popped: setting an array's length leaves the optimised code.
    while (this.strands.length > 0) this.strands.pop();
    this.#base = base;
    this.#ordinal = ordinal;
    this.#isStrand = isStrand;
    this.#name = '';
  }
}

/** The tasks of one execution. Task objects are reused from one execution to the next. */
export class Tasks {
  readonly all: Task[] = [];
  count = 0;
  readonly #ordinals = new Map<string, number>();

  clear(): void {
    this.count = 0;
    if (this.#ordinals.size > 0) this.#ordinals.clear();
  }

  /** The task of the body. */
  main(): Task {
    return this.#take('main', 1, undefined, false);
  }

  /** A task of its own; a second one of the same name is numbered, not refused. */
  create(base: string, parent: Task | undefined): Task {
    const ordinal = (this.#ordinals.get(base) ?? (base === 'main' ? 1 : 0)) + 1;
    this.#ordinals.set(base, ordinal);
    return this.#take(base, ordinal, parent, false);
  }

  /** The first idle strand of `task`, or a new one. */
  strandOf(task: Task, current: Task): Task {
    const strands = task.strands;
    for (let i = task.idleFrom; i < strands.length; i++) {
      const strand = strands[i]!;
      if (strand.live === 0 && strand.enabled === 0 && strand !== current) {
        task.idleFrom = i + 1;
        return strand;
      }
    }
    task.idleFrom = strands.length;
    const strand = this.#take('', strands.length + 1, task, true);
    strands.push(strand);
    task.idleFrom = strands.length;
    return strand;
  }

  /**
   * Online chain partition: `op` becomes enabled in the task that created it, or in a strand if that one has
   * another enabled operation.
   */
  claim(op: { task: Task }, current: Task): void {
    const task = this.heirOf(op.task, current);
    if (task !== op.task) {
      op.task.live--;
      task.live++;
      op.task = task;
    }
    task.enabled++;
  }

  /** Where the next operation of `task` becomes enabled. */
  heirOf(task: Task, current: Task): Task {
    return task.enabled > 0 ? this.strandOf(task, current) : task;
  }

  /** The names of those whose bodies are still running. */
  unfinished(): string {
    return this.all
      .slice(0, this.count)
      .filter(({ open }) => open)
      .map(({ name }) => name)
      .join(', ');
  }

  /** The task of which `promise` is the result, if `spawn` returned it. */
  ofResult(promise: unknown): Task | undefined {
    for (let id = 0; id < this.count; id++) if (this.all[id]!.result === promise) return this.all[id];
    return undefined;
  }

  #take(base: string, ordinal: number, parent: Task | undefined, isStrand: boolean): Task {
    const id = this.count++;
    const task = this.all[id] ?? (this.all[id] = new Task());
    task.reset(id, base, ordinal, parent, isStrand);
    return task;
  }
}
