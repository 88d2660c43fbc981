import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { threadId } from 'node:worker_threads';
import { StraddleError } from '../../scheduler/error.ts';

/** Nobody holds a lock for longer; whoever seems to has died. */
const STALE_MS = 5_000;
const PAUSE_MS = 2;

let writes = 0;

/**
 * Runs `change` while no other process or thread changes the same file. Waits without timers: those may be
 * fake where a test has just ended.
 * @throws StraddleError `store` if the folder cannot be written to.
 */
export function withLock<T>(path: string, change: () => T): T {
  const lock = `${path}.lock`;
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw unwritable(path, error);
  }
  while (!take(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  try {
    return change();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Replaces a file as a whole: a reader sees the old content or the new one, never a part. */
export function writeWhole(path: string, text: string): void {
  const draft = `${path}.${process.pid}-${threadId}-${writes++}.tmp`;
  try {
    writeFileSync(draft, text);
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

function take(lock: string): boolean {
  try {
    closeSync(openSync(lock, 'wx'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unwritable(lock, error);
  }
  const age = ageOf(lock);
  if (age !== undefined && age > STALE_MS) rmSync(lock, { force: true });
  return false;
}

function unwritable(path: string, error: unknown): StraddleError {
  return new StraddleError('store', `The store ${dirname(path)} cannot be written to: ${(error as Error).message}.`);
}

/** Real milliseconds since the file was made; undefined if it is gone. */
function ageOf(path: string): number | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  // The file system's clock is compared with that of the process: `Date` may be fake.
  return stats === undefined ? undefined : performance.timeOrigin + performance.now() - stats.mtimeMs;
}
