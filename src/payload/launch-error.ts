import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { StraddleError } from '../../scheduler/error.ts';
import { ExecFailed } from './handshake.ts';
import type { Plan } from './plan.ts';

/**
 * The error of a program that could not be started. What the kernel calls ENOENT may be the directory, the program or
 * the interpreter of its script; the sentence says which, as far as that can still be seen, and what to do.
 */
export function notStarted({ name, binary, cwd }: Plan, cause: unknown): StraddleError {
  const told = (kind: string, what: string): StraddleError =>
    new StraddleError(kind, `payload '${name}': ${what}.`, { cause });
  if (cwd !== undefined && !existsSync(cwd))
    return told('payload-not-started', `its directory '${cwd}' does not exist`);
  if (cause instanceof ExecFailed || (cause as NodeJS.ErrnoException).code === 'ENOENT') {
    const path = resolve(cwd ?? '.', binary);
    if (!binary.includes('/')) {
      const remedy =
        'install it or give its path, and if it is a script, install the interpreter named on its first line';
      return told('payload-not-found', `the binary '${binary}' was not found on PATH; ${remedy}`);
    }
    if (!existsSync(path))
      return told('payload-not-found', `there is no file at '${path}'; build it or correct the path`);
    if (isExecutable(path)) {
      const remedy = 'install it or correct that line';
      return told('payload-not-found', `the interpreter named on the first line of '${path}' was not found; ${remedy}`);
    }
  }
  return told('payload-not-started', `the binary '${binary}' could not be started: ${reason(cause)}`);
}

/** The message of a cause, to be built into a sentence. */
export function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
