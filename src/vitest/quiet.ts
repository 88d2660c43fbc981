const METHODS = ['debug', 'dir', 'dirxml', 'error', 'info', 'log', 'table', 'trace', 'warn'] as const;
type Method = (typeof METHODS)[number];

/**
 * What becomes of what an execution prints: a test that logs a line would print it in each of a thousand executions.
 * - `aloud`: it is printed.
 * - `held`: it is kept until another execution is held, or `tellHeld` prints it: of all executions that are looked at
 *   closely, the last one is told.
 * - `mute`: it is lost.
 */
export type Loudness = 'aloud' | 'held' | 'mute';

/** Of an execution: few are run where one is replayed, and whoever steps through it wants to see what it prints. */
export function loudnessOf(isFirst: boolean, isWatched: boolean): Loudness {
  if (isFirst) return 'aloud';
  if (!isWatched) return 'mute';
  return (process.env['STRADDLE_REPLAY'] ?? '') === '' ? 'held' : 'aloud';
}

/** The console's own methods, while others stand there. */
let originals: Partial<Record<Method, unknown>> | undefined;
let standIn: Partial<Record<Method, unknown>> = {};
let held: (() => void)[] = [];
let current: Loudness = 'aloud';

/** Before every execution, and `aloud` after the last one. */
export function setLoudness(loudness: Loudness): void {
  if (loudness === current && loudness !== 'held') return;
  current = loudness;
  restore();
  if (loudness === 'aloud') return;
  if (loudness === 'held') held = [];
  const { console } = globalThis;
  originals = {};
  standIn = {};
  for (const name of METHODS) {
    if (!Object.hasOwn(console, name)) continue;
    originals[name] = console[name];
    const print = console[name] as (...args: unknown[]) => void;
    standIn[name] = loudness === 'mute' ? silent : (...args: unknown[]) => void held.push(() => print(...args));
    console[name] = standIn[name] as never;
  }
}

/** Prints what the last execution that was held has printed. */
export function tellHeld(): void {
  for (const print of held.splice(0)) print();
}

/** Whether this execution is told to nobody, or not yet. */
export function isQuiet(): boolean {
  return current !== 'aloud';
}

function restore(): void {
  if (originals === undefined) return;
  const { console } = globalThis;
  // What code under test has put there meanwhile is its own.
  for (const name of METHODS) {
    if (name in originals && console[name] === standIn[name]) console[name] = originals[name] as never;
  }
  originals = undefined;
}

function silent(): void {
  // Nothing is printed.
}
