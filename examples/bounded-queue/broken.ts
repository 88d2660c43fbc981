import { point } from '../../scheduler/point.ts';
import type { BoundedQueue } from './queue.ts';

/** Broken: whoever is woken does not look again, and another one may have been quicker. */
export class NoSecondLook implements BoundedQueue {
  readonly #capacity: number;
  readonly #items: number[] = [];
  readonly #takers: (() => void)[] = [];
  readonly #putters: (() => void)[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  async put(item: number): Promise<void> {
    await point('put');
    if (this.#items.length >= this.#capacity) {
      await new Promise<void>((resume) => this.#putters.push(resume));
      await point('put:woken');
    }
    this.#items.push(item);
    this.#takers.shift()?.();
  }

  async take(): Promise<number> {
    await point('take');
    if (this.#items.length === 0) {
      await new Promise<void>((resume) => this.#takers.push(resume));
      await point('take:woken');
    }
    const item = this.#items.shift()!;
    this.#putters.shift()?.();
    return item;
  }
}

/** Broken: looks again, but wakes others only when it changes from empty or full, so one of two sleeps on. */
export class WakesAtTheEdge implements BoundedQueue {
  readonly #capacity: number;
  readonly #items: number[] = [];
  readonly #takers: (() => void)[] = [];
  readonly #putters: (() => void)[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  async put(item: number): Promise<void> {
    await point('put');
    while (this.#items.length >= this.#capacity) {
      await new Promise<void>((resume) => this.#putters.push(resume));
      await point('put:woken');
    }
    this.#items.push(item);
    if (this.#items.length === 1) this.#takers.shift()?.();
  }

  async take(): Promise<number> {
    await point('take');
    while (this.#items.length === 0) {
      await new Promise<void>((resume) => this.#takers.push(resume));
      await point('take:woken');
    }
    const item = this.#items.shift()!;
    if (this.#items.length === this.#capacity - 1) this.#putters.shift()?.();
    return item;
  }
}
