import { Semaphore } from 'async-mutex';

/** More readers than this take turns. */
const READERS = 64;

/** Many readers or one writer, in the order in which they ask. */
export class SharedLock {
  readonly #slots = new Semaphore(READERS);

  shared<Result>(body: () => Result | Promise<Result>): Promise<Result> {
    return this.#slots.runExclusive(body);
  }

  exclusive<Result>(body: () => Result | Promise<Result>): Promise<Result> {
    return this.#slots.runExclusive(body, READERS);
  }
}
