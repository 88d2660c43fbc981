import perfHooks from 'node:perf_hooks';
import { originals } from './originals.ts';

/** A look that comes later than it was due is at most so late, in milliseconds: what is beyond that was no waiting. */
const LATE_MS = 10;
/** For so long this thread rests where its loop does not. */
const REST_MS = 1;

const { wait } = Atomics;
const { performance } = perfHooks;
const cell = new Int32Array(new SharedArrayBuffer(4));

/** What the waiting is measured by. All in milliseconds. */
export interface RealTime {
  now(): number;
  /** For how long the loop has slept since it began. */
  asleep(): number;
  /** Stops this thread. */
  rest(ms: number): void;
}

const REAL: RealTime = {
  now: () => originals.now(),
  asleep: () => performance.eventLoopUtilization().idle,
  rest: (ms) => void wait(cell, 0, 0, ms),
};

/**
 * The time that the engine has spent waiting, turn by turn of the loop, and the only one by which somebody outside is
 * called silent. By the clock he would also be silent while nobody listened, or while he could not speak: in a long
 * step, while this process was stopped or got no processor, while its machine was asleep.
 */
export class WaitingTime {
  /** Milliseconds, of which only differences mean something. */
  now = 0;
  readonly #real: RealTime;
  #lookedAt = 0;
  #asleep = 0;

  constructor(real: RealTime = REAL) {
    this.#real = real;
  }

  /** It is being waited from now on. */
  begin(): void {
    this.#lookedAt = this.#real.now();
  }

  /**
   * The loop has turned, and a timer of so many milliseconds has fired in it. A loop that has not slept meanwhile does
   * work of its own, such as V8's, which may go on until other threads of this process get a processor: they do now.
   */
  turned(timerMs: number): void {
    const real = this.#real;
    if (timerMs > 0) {
      const asleep = real.asleep();
      if (asleep === this.#asleep) real.rest(REST_MS);
      this.#asleep = asleep;
    }
    const at = real.now();
    this.now += Math.min(at - this.#lookedAt, timerMs + LATE_MS);
    this.#lookedAt = at;
  }
}
