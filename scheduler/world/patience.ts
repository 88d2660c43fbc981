import type { WaitingTime } from './waiting-time.ts';

/** Milliseconds of waiting that what is alive outside is given, once it has been waited for in vain. */
const SHORT_PATIENCE_MS = 500;
/** Real timers of code under test are running: so long are they given. */
const TIMER_PATIENCE_MS = 2_000;
/** And so long all in all, if it is seen to be at work. */
const AT_WORK_MS = 60_000;
/** Once in an exploration, before a deadlock is believed: whatever nobody can see may answer. */
const LAST_LOOK_MS = 25;
/** The same where something unseen has answered before. */
const UNSEEN_PATIENCE_MS = 1_000;

/**
 * How long an execution in which nothing can run is given, in case something outside answers. One per
 * exploration: what has been waited for in vain is waited for less the next time.
 */
export class Patience {
  /** Something that is not tracked has answered before. */
  surprised = false;
  #since = 0;
  #until = 0;
  #isLong = false;
  #spent = false;
  #hasLooked = false;
  readonly time: WaitingTime;
  readonly #areTimersRunning: () => boolean;

  /** @param areTimersRunning tells whether real timers of code under test will still fire. */
  constructor(time: WaitingTime, areTimersRunning: () => boolean) {
    this.time = time;
    this.#areTimersRunning = areTimersRunning;
  }

  /** Before an exploration. */
  renew(): void {
    this.surprised = false;
    this.#until = 0;
    this.#isLong = false;
    this.#spent = false;
    this.#hasLooked = false;
  }

  /** It is being waited now. */
  get isWaiting(): boolean {
    return this.#until > 0;
  }

  get isOver(): boolean {
    return this.time.now >= this.#until;
  }

  /** Something has happened. */
  stop(): void {
    this.#until = 0;
  }

  /**
   * Nothing can run. True while it is worth waiting; what was asked for and is alive is given `aliveMs`: where that is
   * infinite, its answer is sure to come. `isAtWork` tells in the end whether it is given more.
   */
  lasts(aliveMs: number, isAtWork: () => boolean): boolean {
    const { now } = this.time;
    if (this.#until > 0) {
      if (!this.isOver) return true;
      if (now < this.#since + AT_WORK_MS && isAtWork()) {
        this.#until = now + aliveMs;
        return true;
      }
      this.#until = 0;
      this.#spent ||= this.#isLong;
      return false;
    }
    const ms = this.#howLong(aliveMs);
    this.#isLong = ms > LAST_LOOK_MS;
    this.#hasLooked = true;
    this.#since = now;
    if (ms > 0) this.#until = now + ms;
    return ms > 0;
  }

  #howLong(aliveMs: number): number {
    if (aliveMs > 0) return this.#spent && aliveMs < Infinity ? Math.min(SHORT_PATIENCE_MS, aliveMs) : aliveMs;
    if (this.surprised) return UNSEEN_PATIENCE_MS;
    if (this.#areTimersRunning()) return TIMER_PATIENCE_MS;
    return this.#hasLooked ? 0 : LAST_LOOK_MS;
  }
}
