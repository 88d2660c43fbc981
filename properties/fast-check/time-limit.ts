import { worldSlot } from '../../scheduler/world/dispatch.ts';
import { LONGEST_DELAY_MS, originals } from '../../scheduler/world/originals.ts';

/** When the real clock that the engine uses began, by the date: outside of executions that is real, too. */
const epoch = Date.now() - originals.now();
/** A delay after which nobody asks any more. */
const LATEST = -60_000;

/**
 * The time limit of fast-check's `interruptAfterTimeLimit`, where straddle's dispatchers stand. fast-check arms a
 * timer in each execution, with the time that is left by the date. There, the end of the limit is a real date and now
 * is a virtual one: years lie between them, and a timer of so many years would fire at once. So it is met here, in
 * real time.
 */
export class TimeLimit {
  #end = Infinity;

  get isOver(): boolean {
    return this.#end < Infinity && originals.now() >= this.#end;
  }

  /** In this execution, too. */
  keep(): void {
    const { world } = worldSlot;
    if (world !== undefined) world.timers.tooLong = this.#meet;
  }

  readonly #meet = (_interrupt: unknown, ms: number): boolean => {
    const now = originals.now();
    const left = Date.now() + ms - (epoch + now);
    if (left > LONGEST_DELAY_MS || left < LATEST) return false;
    this.#end = now + left;
    return true;
  };
}
