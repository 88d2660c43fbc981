import { point } from '../../scheduler/point.ts';

/** A queue of limited capacity: who puts waits while it is full, who takes waits while it is empty. */
export interface BoundedQueue {
  put(item: number): Promise<void>;
  take(): Promise<number>;
}

/** Hands items and places over directly: whoever is woken has what it waited for. */
export class HandingQueue implements BoundedQueue {
  readonly #capacity: number;
  readonly #items: number[] = [];
  readonly #takers: ((item: number) => void)[] = [];
  readonly #putters: { item: number; done: () => void }[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  async put(item: number): Promise<void> {
    await point('put');
    const taker = this.#takers.shift();
    if (taker !== undefined) taker(item);
    else if (this.#items.length < this.#capacity) this.#items.push(item);
    else await new Promise<void>((done) => this.#putters.push({ item, done }));
  }

  async take(): Promise<number> {
    await point('take');
    const item = this.#items.shift();
    if (item === undefined) return new Promise<number>((resolve) => this.#takers.push(resolve));
    const putter = this.#putters.shift();
    if (putter !== undefined) {
      this.#items.push(putter.item);
      putter.done();
    }
    return item;
  }
}
