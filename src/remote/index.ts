/** `straddle/remote`: code under test in child processes, with barriers, pause and resume, and no process left over. */
import { fork } from './parent/fork.ts';

export const remote = { fork } as const;
export { serve, type Loop, type Server, type ServerContext, type ServerParts, type Setup } from './serve.ts';
export type { CallsOf, ConfigOf, Contract, Promised, StateOf } from './contract.ts';
export type { ForkOptions } from './parent/fork.ts';
export type { Exit, Lifecycle, Remote, RemoteBarriers, ServingService } from './parent/remote.ts';
export type { Token } from '../../scheduler/barriers.ts';
