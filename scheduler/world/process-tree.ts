import { fs } from './builtins.ts';

const { readFileSync, readdirSync, readlinkSync } = fs;

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
    const fields = fieldsOf(`${one}`);
    isBusy ||= isAtWork(fields);
    for (const at of [USER, SYSTEM, USER_OF_CHILDREN, SYSTEM_OF_CHILDREN]) usedMs += TICK_MS * Number(fields[at] ?? 0);
  }
  return { isBusy, usedMs };
}

/** Whether a thread of this process runs or would if it had a processor, other than this one; where the system tells. */
export function areOthersBusy(): boolean {
  try {
    const own = readlinkSync('/proc/thread-self');
    const threads = readdirSync('/proc/self/task').map((thread) => `${process.pid}/task/${thread}`);
    return threads.some((thread) => thread !== own && isAtWork(fieldsOf(thread)));
  } catch {
    return false;
  }
}

function isAtWork(fields: readonly string[]): boolean {
  return 'RDZ'.includes(fields[0] ?? 'S');
}

/** Of a process, or of a thread of one. */
function fieldsOf(one: string): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${one}/stat`, 'latin1');
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
