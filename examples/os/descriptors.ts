import { Errno } from './errno.ts';
import type { PipeEnd } from './pipe.ts';

interface Descriptor {
  readonly end: PipeEnd;
  closeOnExec: boolean;
}

/** The descriptor table of one process: the lowest free number is given out first. */
export class Descriptors {
  readonly #open = new Map<number, Descriptor>();

  /** @param from the lowest number to give out. */
  add(end: PipeEnd, closeOnExec: boolean, from = 3): number {
    let number = from;
    while (this.#open.has(number)) number++;
    this.#open.set(number, { end, closeOnExec });
    count(end, 1);
    return number;
  }

  /** @throws Errno EBADF. */
  get(number: number, call: string): Descriptor {
    const descriptor = this.#open.get(number);
    if (descriptor === undefined) throw new Errno('EBADF', call);
    return descriptor;
  }

  has(number: number): boolean {
    return this.#open.has(number);
  }

  /** Puts `end` under this very number, in place of what is there (dup2). */
  replace(number: number, end: PipeEnd): void {
    if (this.#open.has(number)) this.close(number, 'dup2');
    this.#open.set(number, { end, closeOnExec: false });
    count(end, 1);
  }

  /** @throws Errno EBADF. */
  close(number: number, call: string): void {
    const { end } = this.get(number, call);
    this.#open.delete(number);
    count(end, -1);
    end.pipe.changed.wake();
  }

  closeAll(): void {
    for (const number of [...this.#open.keys()]) this.close(number, 'exit');
  }

  closeOnExec(): void {
    for (const [number, { closeOnExec }] of [...this.#open]) if (closeOnExec) this.close(number, 'exec');
  }

  /** What fork does. */
  copyTo(child: Descriptors): void {
    for (const [number, { end, closeOnExec }] of this.#open) {
      child.#open.set(number, { end, closeOnExec });
      count(end, 1);
    }
  }

  /** Whether some descriptor refers to this end of the pipe. */
  holds({ pipe, side }: PipeEnd): boolean {
    return [...this.#open.values()].some(({ end }) => end.pipe === pipe && end.side === side);
  }
}

function count({ pipe, side }: PipeEnd, by: number): void {
  if (side === 'read') pipe.readers += by;
  else pipe.writers += by;
}
