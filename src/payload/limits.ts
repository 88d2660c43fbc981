/** The fixed bounds of the runner. Nothing here is an option; tests pass smaller ones. */
export interface Limits {
  /** Bytes kept of each stream. What comes after is read and thrown away. */
  readonly captureBytes: number;
  /** Milliseconds that a placement may take, from the start of the process to its program. */
  readonly placementMs: number;
  /** Milliseconds that a stream may stay open once the leader has gone and its group was killed. */
  readonly drainMs: number;
  /** Milliseconds within which a process must be gone after SIGKILL. */
  readonly killMs: number;
}

export const LIMITS: Limits = {
  captureBytes: 16 * 1024 * 1024,
  placementMs: 5_000,
  drainMs: 2_000,
  killMs: 5_000,
};

/** Bytes of stderr quoted when the exit code is not the expected one. */
export const STDERR_TAIL_BYTES = 1024;
