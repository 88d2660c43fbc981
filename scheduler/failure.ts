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
  /** The task that could end the wait, where it is known. */
  readonly heldBy?: string;
}

/** Tasks that wait for each other, each for the next and the last for the first; empty if there is no such circle. */
export function circleOf(waiting: readonly Waiting[]): Waiting[] {
  const byTask = new Map(waiting.map((one) => [one.task, one]));
  for (const start of waiting) {
    const path: Waiting[] = [];
    for (let at: Waiting | undefined = start; at !== undefined; at = byTask.get(at.heldBy ?? '')) {
      if (path.includes(at)) return path.slice(path.indexOf(at));
      path.push(at);
    }
  }
  return [];
}

/** `pause (the drain) → worker (the barrier) → pause`, or nothing. */
export function tellCircle(waiting: readonly Waiting[]): string | undefined {
  const circle = circleOf(waiting);
  if (circle.length === 0) return undefined;
  return `${circle.map(({ task, on }) => `${task} (${on})`).join(' → ')} → ${circle[0]!.task}`;
}
