/** How an execution can end badly. Tokens keep positions in this list: append only. */
export const KINDS = [
  'error',
  'deadlock',
  'livelock',
  'unhandled-rejection',
  'leak',
  'nondeterminism',
  'stalled-gate',
  'script',
] as const;

export type FailureKind = (typeof KINDS)[number];

/** A failure as the engine sees it, before it is confirmed, minimised and told. */
export interface RawFailure {
  readonly kind: FailureKind;
  readonly message: string;
  readonly error?: unknown;
  /** What else a person wants to know; may differ between two schedules with the same failure. */
  readonly detail?: string;
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
