import type { EnabledOp, ExploreOptions, Sim, Strategy } from '../../../src/index.ts';

/** One execution of a small program; says how it ended. */
export type Program = (sim: Sim) => Promise<string>;

/** Nothing but the choices of the strategy. */
export const bare: ExploreOptions = { bursts: 0, time: 'idle', vacuity: 'off', seed: 1 };

/**
 * Runs tasks of visible operations: all are spawned before the first step, and starting a task is part of its
 * first operation.
 */
export async function tasks(sim: Sim, ...bodies: readonly (readonly (() => unknown)[])[]): Promise<void> {
  await Promise.all(bodies.map((body, i) => sim.spawn(`t${i}`, () => operations(sim, body))));
}

/** The operations of a task that has been started: its first one runs now. */
export async function operations(sim: Sim, body: readonly (() => unknown)[]): Promise<void> {
  for (const [i, operation] of body.entries()) {
    if (i > 0) await sim.point('op');
    operation();
  }
}

/** Tasks of so many steps; ends with the order in which they ran. */
export function chains(...lengths: readonly number[]): Program {
  return async (sim) => {
    let order = '';
    await tasks(sim, ...lengths.map((length, task) => Array.from({ length }, () => () => (order += task))));
    return order;
  };
}

/** Locks whose acquisition is an operation that cannot be chosen while the lock is held. */
export class Locks {
  /** Nobody could go on: what is left runs anyhow, so that the execution ends. */
  isDead = false;
  readonly #held = new Set<number>();

  readonly acquire =
    (lock: number): (() => void) =>
    () =>
      this.#held.add(lock);
  readonly release =
    (lock: number): (() => void) =>
    () =>
      this.#held.delete(lock);

  isFree(lock: unknown): boolean {
    return !this.#held.has(lock as number);
  }
}

/** `n` tasks, each of which takes its own lock, then its neighbour's; ends with `deadlock` or `dined`. */
export function philosophers(n: number): { program: Program; blocking: (inner: Strategy) => Strategy } {
  let locks = new Locks();
  return {
    async program(sim) {
      locks = new Locks();
      const { acquire, release } = locks;
      const dine = async (own: number, other: number): Promise<void> => {
        await sim.point('acquire', own);
        acquire(own)();
        await sim.point('acquire', other);
        acquire(other)();
        await sim.point('release');
        release(other)();
        await sim.point('release');
        release(own)();
      };
      await Promise.all(Array.from({ length: n }, (_, i) => dine(i, (i + 1) % n)));
      return locks.isDead ? 'deadlock' : 'dined';
    },
    blocking: (inner) => ({
      name: inner.name,
      complete: inner.complete === true,
      single: true,
      begin: (info) => inner.begin(info),
      choose(enabled, step) {
        const free = enabled.filter((op) => op.name !== 'acquire' || locks.isFree(op.key));
        if (free.length === 0) locks.isDead = true;
        return locks.isDead ? 0 : enabled.indexOf(free[inner.choose(free, step)] as EnabledOp);
      },
      end: (outcome) => inner.end?.(outcome),
    }),
  };
}

/** `n` tasks that each read a number and write it plus one. */
export function lostUpdate(n: number): Program {
  return async (sim) => {
    let x = 0;
    const task = (): (() => unknown)[] => {
      let seen = 0;
      return [() => (seen = x), () => (x = seen + 1)];
    };
    await tasks(sim, ...Array.from({ length: n }, task));
    return x === n ? 'right' : 'lost';
  };
}
