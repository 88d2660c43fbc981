import { Waiters } from './waiters.ts';

/** A bounded pipe. Each character stands for a byte. */
export class Pipe {
  readonly capacity: number;
  /** Open ends, over all descriptor tables. */
  readers = 0;
  writers = 0;
  /** Data came, room was made, or an end was closed. */
  readonly changed = new Waiters();
  #data = '';

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get length(): number {
    return this.#data.length;
  }

  /** Puts in what fits; returns how much that was. */
  put(data: string): number {
    const fits = data.slice(0, this.capacity - this.#data.length);
    this.#data += fits;
    if (fits !== '') this.changed.wake();
    return fits.length;
  }

  take(most: number): string {
    const taken = this.#data.slice(0, most);
    this.#data = this.#data.slice(taken.length);
    if (taken !== '') this.changed.wake();
    return taken;
  }
}

/** One end of a pipe, shared by every descriptor that was copied from it. */
export interface PipeEnd {
  readonly pipe: Pipe;
  readonly side: 'read' | 'write';
}
