import { TimerOp, type Op } from '../op.ts';
import type { Outside } from '../run.ts';
import { Clock } from './clock.ts';

/** A weak timer or an interval that fires this often with no effect is taken for dead. */
const DRY_FIRES = 100;

/** Phases of the event loop that natural order must tell apart. */
const TIMERS = 0;
const CHECK = 1;

/**
 * What the virtual world offers at a choice, in the order of Node's phases: timers, completions of outside
 * work, immediates. Keeps the stall budget of elastic time and recognises timers that fire for nothing.
 */
export class Offers {
  readonly clock = new Clock();
  /** Work outside of the process; `undefined` until an execution asks for some. */
  outside: Outside | undefined;
  /** Names of timers that fired dry, for the diagnosis. */
  readonly dryTimers = new Set<string>();
  /** Grows when timers are asked for or taken back; while nothing else happens either, they fire dry. */
  activity = 0;
  #stall = 0;
  #phase = TIMERS;
  #round = 0;
  #dry = 0;
  #dryActivity = -1;
  #dryStep = -1;

  reset(stallMs: number): void {
    this.clock.clear();
    this.activity = 0;
    this.#stall = stallMs;
    this.#phase = TIMERS;
    this.#round = 0;
    this.#dry = 0;
    this.#dryActivity = -1;
    this.#dryStep = -1;
    if (this.dryTimers.size > 0) this.dryTimers.clear();
  }

  /** True when there may be something to offer. */
  get any(): boolean {
    return this.clock.pending > 0 || this.outside !== undefined;
  }

  /** The round of the loop in which an immediate that is requested now will run. */
  get nextRound(): number {
    return this.#phase === CHECK ? this.#round + 1 : this.#round;
  }

  /** Appends to `enabled`, which holds what is enabled by itself. */
  addTo(enabled: Op[], elastic: boolean, step: number): void {
    const { clock, outside } = this;
    const ready = enabled.length;
    const timer = clock.nextTimer;
    const immediate = clock.nextImmediate;
    const due = timer !== undefined && timer.due <= clock.now;
    const timersFirst = due && (this.#phase === TIMERS || (immediate !== undefined && immediate.due > this.#round));
    if (timersFirst) enabled.push(timer);
    if (outside !== undefined) for (const op of outside.completed) enabled.push(op);
    if (immediate !== undefined) enabled.push(immediate);
    if (timer === undefined || timersFirst) return;
    if (due || enabled.length === 0) enabled.push(timer);
    else if (elastic && timer.due - clock.now <= this.#stall) {
      // Nothing that was requested after an immediate overtakes it.
      if (immediate === undefined || immediate.id > timer.id) enabled.push(timer);
    }
    if (ready === 0 && enabled.length === 1 && this.#isDry(timer, step)) enabled.length = 0;
  }

  /** A timer that alone keeps the execution alive, and whose firing has long changed nothing. */
  #isDry(timer: TimerOp, step: number): boolean {
    if (this.activity !== this.#dryActivity || step !== this.#dryStep) {
      this.#dryActivity = this.activity;
      this.#dry = 0;
      if (this.dryTimers.size > 0) this.dryTimers.clear();
    }
    this.#dryStep = step + 1;
    this.dryTimers.add(timer.task.name);
    return ++this.#dry > DRY_FIRES * this.clock.timers.length;
  }

  /** Whether choosing `op` means that its timer fires before enabled work; pays for it from the budget. */
  firesEarly(op: Op, ready: number): boolean {
    const { clock } = this;
    if (!(op instanceof TimerOp) || op.at < 0 || op.due <= clock.now) return false;
    if (ready === 0 && clock.nextImmediate === undefined && (this.outside?.completed.length ?? 0) === 0) return false;
    this.#stall -= op.due - clock.now;
    return true;
  }

  /** The most virtual milliseconds that an operation may take: within the budget, never past the next timer. */
  get mostTaken(): number {
    const { clock } = this;
    const timer = clock.nextTimer;
    return timer === undefined ? 0 : Math.min(this.#stall, timer.due - clock.now);
  }

  /** Lets virtual time pass while an operation is under way. */
  take(ms: number): void {
    this.#stall -= ms;
    this.clock.now += ms;
  }

  /** Takes a chosen operation out of the world. */
  remove(op: Op): void {
    const { clock } = this;
    if (op.kind === 'immediate') {
      clock.removeImmediate(op as TimerOp);
      this.#round = (op as TimerOp).due;
      this.#phase = CHECK;
    } else if (op.kind === 'io') {
      const completed = this.outside!.completed;
      completed.splice(completed.indexOf(op), 1);
    } else {
      const timer = op as TimerOp;
      if (timer.due > clock.now) clock.now = timer.due;
      clock.removeTimer(timer);
      this.#phase = TIMERS;
    }
  }
}
