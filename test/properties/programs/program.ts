import { hop, type Site } from '../../../scheduler/point.ts';
import type { Sim } from '../../../src/index.ts';

/** What a task of a random program does, one thing after the other. Plain data, so that another process can run it. */
export type Act =
  | { do: 'point'; name: string; key?: number }
  | { do: 'sleep' | 'timer' | 'interval' | 'forget'; ms: number }
  | { do: 'immediate' | 'tick' | 'micro' | 'throw' | 'stray' | 'settled' }
  /** Reads a cell, waits at a point, writes it plus one: two of them may lose an update. */
  | { do: 'increment'; cell: number }
  /** Awaits, as instrumented code does, a promise that tasks share. */
  | { do: 'await' | 'resolve' | 'reject'; promise: number }
  | { do: 'react'; promise: number }
  | { do: 'lock' | 'unlock'; lock: number }
  /** Polls a cell until it is above 0. */
  | { do: 'poll'; cell: number }
  | { do: 'hold'; name: string; cell: number }
  | { do: 'spawn'; acts: Act[] }
  | { do: 'random' };

export interface Program {
  tasks: Act[][];
  /** The end: every increment must be there. */
  exact: boolean;
}

const CELLS = 2;
const PROMISES = 3;
const LOCKS = 2;

/** A log of what happened, in order. */
export type Log = (line: string) => unknown;

/** The body of a program. What it did is told to `log`, the same for the same schedule in any process. */
export function bodyOf(program: Program, log: Log = () => undefined): (sim: Sim) => Promise<void> {
  return async (sim) => {
    const world = new Shared(sim, log);
    const tasks = program.tasks.map((acts, who) => sim.spawn(`task${who % 3}`, () => world.run(acts, `${who}`)));
    await Promise.all(tasks);
    if (program.exact && world.cells.some((value, i) => value !== world.increments[i])) {
      throw new Error(`lost update: ${world.cells.join(',')} of ${world.increments.join(',')}`);
    }
  };
}

class Shared {
  readonly cells = Array.from({ length: CELLS }, () => 0);
  readonly increments = Array.from({ length: CELLS }, () => 0);
  readonly #promises = Array.from({ length: PROMISES }, () => deferred<number>());
  readonly #locks: Promise<void>[] = Array.from({ length: LOCKS }, () => Promise.resolve());
  readonly #sim: Sim;
  readonly #log: Log;

  constructor(sim: Sim, log: Log) {
    this.#sim = sim;
    this.#log = log;
    for (const { promise } of this.#promises) promise.catch(() => undefined);
  }

  async run(acts: readonly Act[], who: string): Promise<void> {
    const unlocks: (() => void)[] = [];
    for (const [i, act] of acts.entries()) {
      this.#log(`${who}.${i} ${act.do} @${this.#sim.now()}`);
      await this.#act(act, `${who}.${i}`, unlocks);
    }
    for (const unlock of unlocks) unlock();
    this.#log(`${who} ends @${this.#sim.now()}`);
  }

  async #act(act: Act, who: string, unlocks: (() => void)[]): Promise<void> {
    const sim = this.#sim;
    switch (act.do) {
      case 'point':
        return sim.point(act.name, act.key);
      case 'sleep':
        return sim.sleep(act.ms);
      case 'timer':
        return new Promise((resolve) => setTimeout(resolve, act.ms));
      case 'interval':
        return new Promise((resolve) => {
          let rounds = 0;
          const interval = setInterval(() => {
            if (++rounds < 2) return;
            clearInterval(interval);
            resolve();
          }, act.ms);
        });
      case 'forget':
        setTimeout(() => this.#log(`${who} fires`), act.ms);
        return;
      case 'immediate':
        return new Promise((resolve) => setImmediate(resolve));
      case 'tick':
        return new Promise((resolve) => process.nextTick(resolve));
      case 'micro':
        await null;
        return;
      case 'throw':
        throw new Error(`thrown by ${who}`);
      case 'stray':
        void Promise.reject(new Error(`stray of ${who}`));
        return;
      case 'settled':
        await hop(Promise.resolve(who), siteOf('settled'));
        return;
      case 'increment': {
        this.increments[act.cell]!++;
        const seen = this.cells[act.cell]!;
        await sim.point('between', act.cell);
        this.cells[act.cell] = seen + 1;
        return;
      }
      case 'await':
        this.#log(`${who} awaits p${act.promise}`);
        this.#log(`${who} got p${String(await hop(this.#promises[act.promise]!.promise, siteOf(`p${act.promise}`)))}`);
        return;
      case 'react':
        void this.#promises
          [act.promise]!.promise.then((value) => this.#log(`${who} saw ${value}`))
          .catch(() => undefined);
        return;
      case 'resolve':
        return this.#promises[act.promise]!.resolve(act.promise);
      case 'reject':
        return this.#promises[act.promise]!.reject(new Error(`promise ${act.promise}`));
      case 'lock': {
        const before = this.#locks[act.lock]!;
        const { promise, resolve } = deferred<void>();
        this.#locks[act.lock] = promise;
        unlocks.push(resolve);
        await hop(before, siteOf(`lock${act.lock}`));
        return;
      }
      case 'unlock':
        return unlocks.pop()?.();
      case 'poll':
        while (this.cells[act.cell] === 0) await sim.point('poll');
        return;
      case 'hold':
        sim.hold(act.name, { take: 1 }).until(() => this.cells[act.cell]! > 0);
        return;
      case 'spawn':
        void sim.spawn('child', () => this.run(act.acts, `${who}>`));
        return;
      case 'random':
        return Math.random() < 0.5 ? sim.point('heads') : undefined;
    }
  }
}

interface Deferred<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (reason: unknown) => void;
}

function deferred<T>(): Deferred<T> {
  const parts: Partial<Deferred<T>> = {};
  parts.promise = new Promise<T>((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts as Deferred<T>;
}

const sites = new Map<string, Site>();

/** Where an instrumented await would stand in the user's source. */
function siteOf(text: string): Site {
  let site = sites.get(text);
  if (site === undefined) sites.set(text, (site = { file: 'program.ts', line: 1, column: 1, text, fn: 'run' }));
  return site;
}
