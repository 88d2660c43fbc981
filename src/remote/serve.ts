import { StraddleError } from '../../scheduler/error.ts';
import { CONTRACT_VERSION, type CallsOf, type ConfigOf, type Contract, type StateOf } from './contract.ts';

/** A running serve loop. */
export interface Loop {
  /** Settles when the loop serves; default: it does already. */
  readonly ready?: Promise<unknown>;
  /** Ends the loop and waits until what it was doing is done. Called once. */
  stop(): unknown;
}

/** What the child process hosts. Every part may be left out; asking for a missing one is a clear error. */
export interface ServerParts<C extends Contract> {
  /** Starts the serve loop: at bootstrap, and again after a pause. What it throws reaches whoever asked. */
  start?(): Loop | Promise<Loop>;
  /** A settled snapshot: the state at one instant with no request in flight. */
  state?(): StateOf<C> | Promise<StateOf<C>>;
  /** What the parent may call. */
  readonly calls?: CallsOf<C>;
}

/** What the harness gives a server. */
export interface ServerContext {
  /** Aborted when the server is shut down. */
  readonly signal: AbortSignal;
  /** Registers how to give back what has just been acquired; run at shutdown in reverse order, all of them. */
  defer(name: string, undo: () => unknown): void;
  /**
   * Starts a named worker; shutdown waits for it, after the signal and the stop of the serve loop. A failure that
   * nobody handles ends the process, as any unhandled rejection does.
   */
  spawn<Result>(name: string, body: () => Result): Promise<Awaited<Result>>;
}

export type Setup<C extends Contract> = (
  config: ConfigOf<C>,
  context: ServerContext,
) => ServerParts<C> | Promise<ServerParts<C>>;

/** What a child module exports under the name `server`. */
export interface Server<C extends Contract> {
  readonly version: number;
  readonly setup: Setup<C>;
}

/**
 * Defines what a child process serves; the module exports it as `server`. `setup` runs once for each bootstrap.
 * Throws `StraddleError` of kind `usage` if `setup` is no function.
 */
export function serve<C extends Contract>(setup: Setup<C>): Server<C> {
  if (typeof setup !== 'function') {
    throw new StraddleError('usage', 'serve takes a function: serve(async (config, context) => ({ calls: { … } })).');
  }
  return { version: CONTRACT_VERSION, setup };
}
