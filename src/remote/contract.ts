import type { Token } from '../../scheduler/barriers.ts';

/**
 * What a parent test and the child process agree on, written once and used on both sides: the child module is
 * checked against it, and the parent's client is generated from it. Leave out what a server does not have.
 */
export interface Contract {
  /** What the server is started with; any data that the structured clone algorithm can copy. */
  readonly config?: unknown;
  /** The settled snapshot that `serving.state()` gives. */
  readonly state?: unknown;
  /** The functions that the parent may call, by name. */
  readonly calls?: object;
}

export type ConfigOf<C extends Contract> = C extends { readonly config: infer Config } ? Config : undefined;
export type StateOf<C extends Contract> = C extends { readonly state: infer State } ? State : undefined;
export type CallsOf<C extends Contract> = C extends { readonly calls: infer Calls extends object } ? Calls : object;

/** The same functions as seen from the other process: each takes time, and each can fail with the process. */
export type Promised<Functions> = {
  readonly [Name in keyof Functions]: Functions[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

/** The version of what parent and child say to each other. It grows with every change that an old peer cannot follow. */
export const CONTRACT_VERSION = 1;

/** What `lifecycle/bootstrap` tells the child. */
export interface Boot {
  readonly version: number;
  /** The URL of the module that exports the server. */
  readonly module: string;
  readonly config: unknown;
  /** Whether barriers may be installed. */
  readonly barriers: boolean;
}

/** What the server turned out to have. */
export interface Offer {
  readonly calls: readonly string[];
}

/** All that the parent may ask of the child: three services of the harness, and the server's own calls. */
export interface Services {
  'lifecycle/bootstrap': (boot: Boot) => Offer;
  'lifecycle/waitReady': () => void;
  'lifecycle/shutdown': () => void;
  'serving/pause': () => void;
  'serving/resume': () => void;
  'serving/state': () => unknown;
  'barriers/install': (name: string, key?: unknown) => Token;
  'barriers/waitHeld': (token: Token) => void;
  'barriers/release': (token: Token) => boolean;
  'barriers/releaseAll': () => void;
  'calls/invoke': (name: string, ...args: readonly unknown[]) => unknown;
}
