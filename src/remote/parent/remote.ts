import type { Barriers } from '../../../scheduler/sim.ts';
import type { Token } from '../../../scheduler/barriers.ts';
import type { Output } from '../../payload/tree.ts';
import type { CallsOf, ConfigOf, Contract, Promised, StateOf } from '../contract.ts';

/** Starts, readies and ends the server in the child. */
export interface Lifecycle<Config> {
  /**
   * Replaces the server by a fresh one in the same process, of the same module. The old one is shut down first; what
   * its module keeps in variables of its own stays. Rejects with what the server's setup or start throws.
   */
  bootstrap(config: Config): Promise<void>;
  /** Resolves when the serve loop serves. */
  waitReady(signal?: AbortSignal): Promise<void>;
  /**
   * Ends the server and its process: nobody stays parked, the serve loop drains, workers are joined, cleanups run.
   * What does not end within five seconds is killed, and this rejects as `remote-hung`.
   */
  shutdown(): Promise<void>;
}

/** Controls the serve loop. All reject as `remote-unsupported` if the server has no such part. */
export interface ServingService<State> {
  /** Stops the serve loop and waits until it has drained. Does nothing while it is paused. */
  pause(): Promise<void>;
  /** Starts a fresh serve loop unless one runs. Rejects with what its start throws. */
  resume(): Promise<void>;
  /** The server's settled snapshot. */
  state(): Promise<State>;
}

/** The barriers of the child: the registry and the rules of `sim.barriers`. Keys must be plain values. */
export interface RemoteBarriers extends Promised<Omit<Barriers, 'waitHeld'>> {
  /**
   * Resolves when somebody is parked there. Rejects when that can no longer happen: `released-before-arrival`,
   * `shutdown`, `child-exited`, `aborted`, `unknown-token`, `foreign-token`.
   */
  waitHeld(token: Token, signal?: AbortSignal): Promise<void>;
}

/** How a child ended and what it printed. */
export type Exit = Pick<Output, 'exitCode' | 'signal' | 'stdout' | 'stderr'>;

/** A child process that runs the code under test. Declare it with `await using`. */
export interface Remote<C extends Contract> extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  readonly lifecycle: Lifecycle<ConfigOf<C>>;
  readonly serving: ServingService<StateOf<C>>;
  readonly barriers: RemoteBarriers;
  /** The server's own calls. They run at the same time as each other and as everything else. */
  readonly calls: Promised<CallsOf<C>>;
  /** Resolves when the process is gone, however that came about. */
  readonly exited: Promise<Exit>;
}
