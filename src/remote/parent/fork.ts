import { StraddleError } from '../../../scheduler/error.ts';
import type { ConfigOf, Contract } from '../contract.ts';
import { locate } from './launch.ts';
import { LIMITS, type Limits } from './limits.ts';
import { nameOf, RemoteChild } from './remote-child.ts';
import type { Remote } from './remote.ts';

export interface ForkOptions {
  /** What messages call the child. Default: the file name of its module. */
  readonly name?: string;
  /** Whether barriers may be installed. Default: true. */
  readonly barriers?: boolean;
  /** Arguments for `node`, before the program. Default: those of this process, without the inspector's. */
  readonly execArgv?: readonly string[];
  /** Ends the start, and the child with it. */
  readonly signal?: AbortSignal;
}

/**
 * Starts a child process that loads `module` and runs the server which it exports. Resolves when setup and start of
 * the server are done; `lifecycle.waitReady` tells when it serves.
 *
 * @param module a file URL, or a path, relative to the working directory.
 * @param config any data that structured clone can copy.
 * @throws StraddleError and leaves nothing running: `remote-module` (missing, throws while loading, exports no server),
 * `remote-version`, `remote-start` (setup or start failed, or took longer than 30 seconds), `remote-argument` (the
 * config cannot be sent), `child-exited`, `aborted`, `usage`.
 */
export async function fork<C extends Contract = Contract>(
  module: string | URL,
  config: ConfigOf<C>,
  options: ForkOptions = {},
  limits: Limits = LIMITS,
): Promise<Remote<C>> {
  if (!(module instanceof URL) && (typeof module !== 'string' || module === '')) {
    throw new StraddleError('usage', "fork takes a module: remote.fork(new URL('./server.js', import.meta.url), {}).");
  }
  const url = locate(module);
  const { name = nameOf(url), barriers = true, execArgv = ownExecArgv(), signal } = options;
  const child = new RemoteChild({ name, url, barriers, execArgv, signal }, limits);
  return (await child.begin(config)) as unknown as Remote<C>;
}

/** A child that listens on the inspector's port of its parent would not start. */
function ownExecArgv(): readonly string[] {
  return process.execArgv.filter((argument) => !argument.startsWith('--inspect'));
}
