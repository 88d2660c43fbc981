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

/** Undefined if the system call failed with this code. */
export async function ignoring<T>(code: ErrnoCode, call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isErrno(error, code)) return undefined;
    throw error;
  }
}

/** Makes a system call again for as long as a handler interrupts it. */
export async function restarting<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    const result = await ignoring(
      'EINTR',
      call().then((value) => ({ value })),
    );
    if (result !== undefined) return result.value;
  }
}
