/** How an execution can end badly. */
export type FailureKind =
  'error' | 'deadlock' | 'livelock' | 'unhandled-rejection' | 'leak' | 'nondeterminism' | 'stalled-gate' | 'script';

/** A failure as the engine sees it, before it is confirmed, minimised and told. */
export interface RawFailure {
  readonly kind: FailureKind;
  readonly message: string;
  readonly error?: unknown;
}

/** A task that cannot go on, what it waits for and where. */
export interface Waiting {
  readonly task: string;
  readonly on: string;
  readonly site?: string;
  readonly heldBy?: string;
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message === '' ? error.name : error.message;
  try {
    return String(error);
  } catch {
    return 'a value that cannot be shown was thrown';
  }
}
