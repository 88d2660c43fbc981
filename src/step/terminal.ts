import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { StraddleError } from '../../scheduler/error.ts';

/** A terminal that is read and written synchronously, because the code under test must not move meanwhile. */
export interface Terminal {
  readonly columns: number;
  write(text: string): void;
  /** One line; undefined at the end of input. */
  readLine(): string | undefined;
  close(): void;
}

/**
 * The terminal of this process, whatever its standard streams are.
 * @throws StraddleError `no-terminal`.
 */
export function openTerminal(): Terminal {
  let fd: number;
  try {
    fd = openSync(process.platform === 'win32' ? '\\\\.\\CON' : '/dev/tty', 'r+');
  } catch (error) {
    throw new StraddleError('no-terminal', 'Stepping needs a terminal, and this process has none.', { cause: error });
  }
  const byte = Buffer.alloc(1);
  return {
    columns: process.stdout.columns || 100,
    write: (text) => void writeSync(fd, text),
    readLine() {
      const line: number[] = [];
      for (;;) {
        let read: number;
        try {
          read = readSync(fd, byte, 0, 1, null);
        } catch (error) {
          if (['EAGAIN', 'EINTR'].includes((error as NodeJS.ErrnoException).code ?? '')) {
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
            continue;
          }
          return undefined;
        }
        if (read === 0) return line.length === 0 ? undefined : Buffer.from(line).toString();
        if (byte[0] === 10) return Buffer.from(line).toString().replace(/\r$/, '');
        line.push(byte[0]!);
      }
    },
    close: () => closeSync(fd),
  };
}
