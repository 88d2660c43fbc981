import { fs } from './builtins.ts';

const { readFileSync, readdirSync } = fs;

/** Milliseconds of the unit in which Linux counts the time of processors. */
const TICK_MS = 10;
/** Where the numbers of `/proc/PID/stat` are, counted from the state on. */
const [USER, SYSTEM, USER_OF_CHILDREN, SYSTEM_OF_CHILDREN] = [11, 12, 13, 14] as const;

/** What the system tells of a process and all that it has started. */
export interface Work {
  /** One of them runs, or would if it had a processor, or waits for a disk, or has just ended. */
  readonly isBusy: boolean;
  /** Milliseconds of processor time that they have used so far. */
  readonly usedMs: number;
}

/** Nothing where the system does not tell. */
export function workOf(pid: number): Work {
  let isBusy = false;
  let usedMs = 0;
  for (const one of treeOf(pid)) {
    const fields = fieldsOf(one);
    isBusy ||= 'RDZ'.includes(fields[0] ?? 'S');
    for (const at of [USER, SYSTEM, USER_OF_CHILDREN, SYSTEM_OF_CHILDREN]) usedMs += TICK_MS * Number(fields[at] ?? 0);
  }
  return { isBusy, usedMs };
}

function fieldsOf(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

function* treeOf(pid: number): Generator<number> {
  yield pid;
  for (const child of childrenOf(pid)) yield* treeOf(child);
}

function childrenOf(pid: number): number[] {
  try {
    const lists = readdirSync(`/proc/${pid}/task`).map((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1'),
    );
    return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
  } catch {
    return [];
  }
}
