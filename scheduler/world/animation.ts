import type { VirtualTimeout, VirtualTimers } from './timers.ts';

/** A display of 60 Hz, in whole milliseconds. */
const FRAME_MS = 16;
/** What a browser grants an idle callback when nothing is due. */
const IDLE_MS = 50;

interface IdleDeadline {
  readonly didTimeout: boolean;
  timeRemaining(): number;
}

/**
 * `requestAnimationFrame` and `requestIdleCallback` of jsdom and happy-dom. The callbacks of one frame run in
 * order, with one timestamp; an idle callback runs as soon as nothing else is enabled.
 */
export class VirtualFrames {
  readonly #timers: VirtualTimers;
  readonly #now: () => number;
  readonly #pending = new Map<number, VirtualTimeout>();
  #ids = 0;

  constructor(timers: VirtualTimers, performanceNow: () => number) {
    this.#timers = timers;
    this.#now = performanceNow;
  }

  /** Before an execution. */
  reset(): void {
    if (this.#ids === 0) return;
    this.#ids = 0;
    this.#pending.clear();
  }

  readonly requestAnimationFrame = (callback: (time: number) => void): number =>
    this.#request(FRAME_MS - (this.#now() % FRAME_MS), () => callback(this.#now()));

  readonly requestIdleCallback = (callback: (deadline: IdleDeadline) => void): number =>
    this.#request(1, () => callback({ didTimeout: false, timeRemaining: () => IDLE_MS }));

  readonly cancel = (id: number): void => {
    this.#pending.get(id)?.close();
    this.#pending.delete(id);
  };

  #request(ms: number, run: () => void): number {
    const id = ++this.#ids;
    const timer = this.#timers.setTimeout(() => {
      this.#pending.delete(id);
      run();
    }, ms) as VirtualTimeout;
    this.#pending.set(id, timer);
    return id;
  }
}
