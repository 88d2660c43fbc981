import type { ExploreOptions, Sim, Strategy } from '../../../src/index.ts';

/** One execution of a small program; says how it ended. */
export type Program = (sim: Sim) => Promise<string>;

/** One visible operation: what it does, to what. */
export interface Operation {
  readonly name: 'read' | 'write' | 'other' | 'acquire' | 'release';
  readonly key?: unknown;
  readonly run?: () => unknown;
}

/** Nothing but the choices of the strategy. */
export const bare: ExploreOptions = { bursts: 0, time: 'idle', vacuity: 'off', seed: 1 };

/**
 * Runs tasks of visible operations, each of which is one step. All tasks are there before the first step: they are
 * started by plain calls, in the body's own first step, up to their first operation.
 */
export async function tasks(sim: Sim, ...bodies: readonly (readonly Operation[])[]): Promise<void> {
  await Promise.all(
    bodies.map(async (body) => {
      for (const { name, key, run } of body) {
        await sim.point(name, key);
        run?.();
      }
    }),
  );
}

export const read = (key: string, run?: () => unknown): Operation => ({ name: 'read', key, ...(run && { run }) });
export const write = (key: string, run?: () => unknown): Operation => ({ name: 'write', key, ...(run && { run }) });
export const other = (run?: () => unknown): Operation => ({ name: 'other', ...(run && { run }) });

/** That many times the same operation. */
export function times(count: number, operation: Operation): Operation[] {
  return Array.from({ length: count }, () => operation);
}

/** Tasks of so many steps; ends with the order in which they ran. */
export function chains(...lengths: readonly number[]): Program {
  return async (sim) => {
    let order = '';
    await tasks(
      sim,
      ...lengths.map((length, task) =>
        times(
          length,
          other(() => (order += task)),
        ),
      ),
    );
    return order;
  };
}

/** `n` tasks that each read a number and write it plus one. */
export function lostUpdate(n: number): Program {
  return async (sim) => {
    let x = 0;
    const task = (): Operation[] => {
      let seen = 0;
      return [read('x', () => (seen = x)), write('x', () => (x = seen + 1))];
    };
    await tasks(sim, ...Array.from({ length: n }, task));
    return x === n ? 'good' : 'bad';
  };
}

/** A program with locks, and the strategy that it needs: one that sees acquisitions of free locks only. */
export interface Locking {
  readonly program: Program;
  readonly blocking: (inner: Strategy) => Strategy;
}

/**
 * `n` tasks, each of which acquires its own lock, then its neighbour's, and releases them. Acquiring a lock that is
 * held is no operation that could be chosen. Where nobody can go on the execution is bad; what is left runs anyhow,
 * so that it ends.
 */
export function philosophers(n: number): Locking {
  const held = new Set<unknown>();
  let isDead = false;
  const acquire = (key: number): Operation => ({ name: 'acquire', key, run: () => held.add(key) });
  const release = (key: number): Operation => ({ name: 'release', key, run: () => held.delete(key) });
  return {
    async program(sim) {
      held.clear();
      isDead = false;
      const dine = (own: number, next: number): Operation[] => [
        acquire(own),
        acquire(next),
        release(next),
        release(own),
      ];
      await tasks(sim, ...Array.from({ length: n }, (_, i) => dine(i, (i + 1) % n)));
      return isDead ? 'bad' : 'good';
    },
    blocking: (inner) => ({
      name: inner.name,
      complete: inner.complete === true,
      single: true,
      begin: (info) => inner.begin(info),
      choose(enabled, step) {
        const free = enabled.filter((op) => op.name !== 'acquire' || !held.has(op.key));
        isDead ||= free.length === 0;
        return isDead ? 0 : enabled.indexOf(free[inner.choose(free, step)]!);
      },
      // A deadlock ends a search; what was cut short teaches nothing.
      end: (outcome) => (isDead && inner.complete !== true ? undefined : inner.end?.(outcome)),
    }),
  };
}

/** Few schedules while the two that work are stopped early, as natural order does; many where they are stopped late. */
export async function growing(sim: Sim): Promise<void> {
  let isStopped = false;
  const work = async (): Promise<void> => {
    for (let i = 0; i < 40 && !isStopped; i++) await sim.point('work');
  };
  const stop = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) await sim.point('stop');
    isStopped = true;
  };
  await Promise.all([stop(), work(), work()]);
}
