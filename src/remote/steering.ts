/**
 * How a parent's exploration steers a child: between `begin` and `end` every point of the child keeps whoever reaches
 * it until `go`. Both sides count the requests and `go`s in between; the child answers them with `settled` when its
 * code has come to rest.
 */
export const STEER = { begin: 'steer/begin', go: 'steer/go', end: 'steer/end', settled: 'steer/settled' } as const;

/** On whose behalf a worker runs: the number of a request, or the name of a worker that the server has spawned. */
export type WorkerId = number | string;

/** Somebody has reached a point of the child and is parked there. */
export interface Reached {
  readonly id: number;
  readonly name: string;
  /** Encoded. */
  readonly key: unknown;
  readonly worker: WorkerId;
  /** Where the point stands, if the execution is being told to a person. */
  readonly stack?: string;
}
