import { point } from '../../scheduler/point.ts';
import type { Sim } from '../../scheduler/sim.ts';
import type { WorkLifecycle } from './lifecycle.ts';

/** The two ways in which an `add` that meets a `shutdown` can end. */
export const BRANCHES = ['add wins', 'shutdown wins'] as const;

/** How one execution ended for its adders. */
export interface Counts {
  readonly registered: number;
  readonly refused: number;
}

export interface HarnessOptions {
  /** How many tasks call `add`. */
  adders: number;
  /** The shutdown's task is started first; default: last. */
  shutdownFirst?: boolean;
  /** Before the tasks start: gates. */
  gates?: (sim: Sim) => void;
  /** What the shutdown waits for before it begins: the sleep that people write instead of a gate. */
  before?: (sim: Sim) => Promise<void>;
  /** Called when all is over. */
  after?: (counts: Counts) => void;
}

/**
 * `adders` tasks add work while one shuts down. Invariants: nothing runs after the shutdown has returned, every
 * adder is either registered or refused, and a second shutdown does no harm.
 */
export function race(create: () => WorkLifecycle, options: HarnessOptions): (sim: Sim) => Promise<void> {
  return async (sim) => {
    const { adders } = options;
    const lifecycle = create();
    let registered = 0;
    let refused = 0;
    let running = 0;
    let down = false;
    let violation: string | undefined;
    options.gates?.(sim);

    const work = async (): Promise<void> => {
      if (down) violation ??= 'work ran after shutdown() had returned';
      running++;
      await point('work:done');
      running--;
    };
    const add = async (): Promise<void> => {
      const accepted = await lifecycle.add(work);
      sim.branch(accepted ? 'add wins' : 'shutdown wins');
      if (accepted) registered++;
      else refused++;
    };
    const shutdown = async (): Promise<void> => {
      await options.before?.(sim);
      await lifecycle.shutdown();
      down = true;
      if (running > 0) violation ??= 'shutdown() returned while work was still running';
    };

    const first = options.shutdownFirst === true ? [sim.spawn('shutdown', shutdown)] : [];
    const adding = Array.from({ length: adders }, () => sim.spawn('add', add));
    const last = options.shutdownFirst === true ? [] : [sim.spawn('shutdown', shutdown)];
    await Promise.all([...first, ...adding, ...last]);
    await lifecycle.shutdown();
    if (violation !== undefined) throw new Error(violation);
    if (registered + refused !== adders)
      throw new Error(`${registered} registered and ${refused} refused of ${adders}`);
    options.after?.({ registered, refused });
  };
}

/** Gates for exactly `k` winners among `adders`: the shutdown waits for them, everybody else for the shutdown. */
export function split(k: number, adders: number): (sim: Sim) => void {
  return (sim) => {
    if (k > 0) sim.hold('shutdown:enter', { take: 1 }).until(() => sim.arrivals('add:registered') >= k);
    if (k < adders) sim.hold('add:enter', { skip: k }).until(() => sim.arrivals('shutdown:closed') > 0);
  };
}

/** Fifty microseconds instead of a gate: long enough for the adders to get going, or so one hopes. */
export function shortSleep(sim: Sim): Promise<void> {
  return sim.sleep(0.05);
}

/** What the sleep is there for. */
export function requireInFlight({ registered }: Counts): void {
  if (registered === 0) throw new Error('nobody was in flight when the shutdown began');
}
