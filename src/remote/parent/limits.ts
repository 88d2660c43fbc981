/** How long each side is given. Nothing here is an option; tests pass smaller ones. Milliseconds. */
export interface Limits {
  /** From the start of the process until its server runs. */
  readonly startMs: number;
  /** For the server to shut down, and then for its process to exit, before it is killed. */
  readonly graceMs: number;
  /** For the exit of a process that has closed its socket. */
  readonly exitMs: number;
}

export const LIMITS: Limits = { startMs: 30_000, graceMs: 5_000, exitMs: 1_000 };
