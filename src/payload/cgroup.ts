import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { StraddleError } from '../../scheduler/error.ts';

/** A control group to put a program into before its first instruction. */
export interface Cgroup {
  /** The absolute path of an existing cgroup directory that bounds what `name` can reach. */
  readonly parent: string;
  /** The path of the group below the parent. Slashes at its start are ignored; it must exist when the program starts. */
  readonly name: string;
}

/** The public call that an error names. */
export type Operation = 'payload.run' | 'payload.spawn';

/**
 * The directory of a cgroup, never outside its parent nor the parent itself.
 * Throws `StraddleError` of kind `payload-cgroup` otherwise, naming the operation.
 */
export function resolveCgroup({ parent, name }: Cgroup, operation: Operation): string {
  const reject = (why: string): never => {
    throw new StraddleError('payload-cgroup', `${operation}: ${why}.`);
  };
  const named = `cgroup name '${name.replaceAll('\0', '\\0')}'`;
  if (name.includes('\0')) reject(`${named} contains a NUL byte`);
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0) reject(`${named} is empty or means the parent cgroup itself`);
  if (parts.includes('..')) reject(`${named} contains '..'; it must stay within its parent cgroup`);
  if (!isAbsolute(parent) || parent.includes('\0')) reject(`the parent of ${named} must be an absolute path`);
  return join(parent, ...parts);
}

/** The file that takes the numbers of the processes of a cgroup. */
export function procsFile(directory: string): string {
  return join(directory, 'cgroup.procs');
}

/** Moves a process into a cgroup. Throws the error of the file system. */
export async function joinCgroup(directory: string, pid: number): Promise<void> {
  // Never created: in a directory that is no cgroup a new file would pass for success.
  const file = await open(procsFile(directory), constants.O_WRONLY);
  try {
    await file.writeFile(`${pid}\n`);
  } finally {
    await file.close();
  }
}
