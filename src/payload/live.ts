import { writeSync } from 'node:fs';
import type { Tree } from './tree.ts';

/** A payload that was started and whose result nobody has taken yet. */
export interface LiveHandle {
  readonly payload: string;
  readonly pid: number;
  /** The program has ended by itself; only its result was never asked for. */
  readonly exited: boolean;
}

const live = new Set<Tree>();

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** Known to every copy of this module in the process, so that two of them do not take each other for the host's. */
const OURS = Symbol.for('straddle.payload.onSignal');

/**
 * Every payload that was started and not yet waited for, killed or disposed of, in the order of their start. At the
 * end of a test run a payload that is still in this list was leaked.
 */
export function liveHandles(): readonly LiveHandle[] {
  return [...live].map(({ payload, pid, exited }) => ({ payload, pid, exited }));
}

/** Enters a tree. A session of its own does not end with ours, so while any tree lives our own end is watched. */
export function enter(tree: Tree): void {
  if (live.size === 0) {
    process.on('exit', killAll);
    for (const signal of SIGNALS) process.on(signal, onSignal);
  }
  live.add(tree);
}

/** Strikes off a tree whose result was taken. One that outlived SIGKILL stays in the list: it is still there. */
export function leave(tree: Tree): void {
  if (tree.exited && live.delete(tree) && live.size === 0) stopWatching();
}

function stopWatching(): void {
  process.off('exit', killAll);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

function killAll(): void {
  for (const tree of live) {
    const what = tree.exited
      ? 'had ended, but nobody asked for its result'
      : 'was still running at exit; it was killed';
    tree.killNow();
    // The event loop is over: a warning would never be printed.
    writeSync(2, `straddle: payload '${tree.payload}' (process ${tree.pid}) ${what}.\n`);
  }
}

/** Ends as the signal would have ended us, but for a host that has its own idea of it: then its exit ends the trees. */
const onSignal = Object.assign(
  (signal: NodeJS.Signals): void => {
    if (!process.listeners(signal).every((listener) => OURS in listener)) return;
    killAll();
    stopWatching();
    process.kill(process.pid, signal);
  },
  { [OURS]: true },
);
