export type ErrnoCode = 'EBADF' | 'ECHILD' | 'EINTR' | 'EINVAL' | 'EIO' | 'EPERM' | 'EPIPE' | 'ESRCH';

/** What a system call fails with. */
export class Errno extends Error {
  readonly code: ErrnoCode;

  constructor(code: ErrnoCode, call: string) {
    super(`${code}: ${call}`);
    this.code = code;
  }
}

/** Whether a system call failed with this code. */
export function isErrno(error: unknown, code: ErrnoCode): boolean {
  return error instanceof Errno && error.code === code;
}
