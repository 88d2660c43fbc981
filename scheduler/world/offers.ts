import { TimerOp, type IoOp, type Op } from '../op.ts';
import type { Outside } from '../run.ts';
import { Clock } from './clock.ts';
import type { VirtualPorts } from './message-ports.ts';

/** Phases of the event loop that natural order must tell apart. */
const TIMERS = 0;
const POLL = 1;
const CHECK = 2;
const CLOSING = 3;

/**
 * What the virtual world offers at a choice, in the order of Node's phases: timers, completions of outside
 * work and messages, immediates, closing ports. Keeps the stall budget of elastic time.
 */
export class Offers {
  readonly clock = new Clock();
  /** Work outside of the process; `undefined` until an execution asks for some. */
  outside: Outside | undefined;
  /** Message ports; `undefined` until an execution makes some. */
  ports: VirtualPorts | undefined;
  /** Who waits until nothing but timers is left to run; `undefined` until somebody does. */
  idlers: Op[] | undefined;
  /** The turn of the event loop, and where in it the operation that was chosen last belongs. */
  round = 0;
  phase = TIMERS;
  #stall = 0;
  #watchdogs: Set<TimerOp> | undefined;

  reset(stallMs: number): void {
    this.clock.clear();
    this.outside = undefined;
    this.ports = undefined;
    this.idlers = undefined;
    this.#watchdogs = undefined;
    this.round = 0;
    this.phase = TIMERS;
    this.#stall = stallMs;
  }

  /** True when there may be something to offer. */
  get any(): boolean {
    return (
      this.clock.pending > 0 || this.outside !== undefined || this.ports !== undefined || this.idlers !== undefined
    );
  }

  /** The execution has asked for nothing that happens by itself: no timer, no message, no work outside. */
  get isUntouched(): boolean {
    return this.clock.isUntouched && this.outside === undefined && this.ports === undefined;
  }

  /** The round of the loop in which an immediate that is requested now will run. */
  get nextRound(): number {
    return this.phase >= CHECK ? this.round + 1 : this.round;
  }

  /** Appends to `enabled`, which holds what is enabled by itself. */
  addTo(enabled: Op[], elastic: boolean): void {
    const { clock, outside, ports } = this;
    const timer = clock.nextTimer;
    const immediate = clock.nextImmediate;
    // Nothing that was requested after an immediate overtakes it because time has run ahead.
    const behind = elastic && timer !== undefined && immediate !== undefined && immediate.order < timer.order;
    const waits = timer !== undefined && timer.watchdog && enabled.length > 0;
    const due = timer !== undefined && timer.due <= clock.now && !behind && !waits;
    if (ports !== undefined) this.#addByPhase(enabled, ports, due ? timer : undefined);
    else {
      // Nothing from outside comes in between the immediates of one turn.
      const checking = this.phase === CHECK && immediate !== undefined && immediate.due <= this.round;
      if (checking) enabled.push(immediate);
      const timersFirst = due && (this.phase === TIMERS || (immediate !== undefined && immediate.due > this.round));
      if (timersFirst) enabled.push(timer);
      if (outside !== undefined) for (const op of outside.ready) enabled.push(op);
      if (immediate !== undefined && !checking) enabled.push(immediate);
      if (due && !timersFirst) enabled.push(timer);
    }
    if (this.idlers !== undefined && enabled.length === 0 && this.idlers.length > 0) {
      enabled.push(this.idlers[0]!);
      return;
    }
    if (timer === undefined || due || waits) return;
    const mayRunAhead = elastic && !behind && !timer.watchdog && timer.due - clock.now <= this.#stall;
    if (enabled.length === 0 || mayRunAhead) enabled.push(timer);
  }

  /** The same with message ports: by round, then by phase. */
  #addByPhase(enabled: Op[], ports: VirtualPorts, due: TimerOp | undefined): void {
    ports.collect();
    const { round, phase } = this;
    const offered: { op: Op; place: number }[] = [];
    if (due !== undefined) offered.push({ op: due, place: (phase === TIMERS ? round : round + 1) * 4 });
    const polled = (phase > POLL ? round + 1 : round) * 4;
    for (const op of this.outside?.ready ?? []) offered.push({ op, place: polled });
    for (const one of ports.offered()) offered.push({ op: one.op, place: one.op.due * 4 + one.phase });
    const immediate = this.clock.nextImmediate;
    if (immediate !== undefined) offered.push({ op: immediate, place: immediate.due * 4 + CHECK });
    offered.sort((a, b) => a.place - b.place);
    for (const { op } of offered) enabled.push(op);
  }

  /** Whether choosing `op` means that its timer fires before enabled work; pays for it from the budget. */
  firesEarly(op: Op, others: number): boolean {
    const { clock } = this;
    if (!(op instanceof TimerOp) || op.at < 0 || op.due <= clock.now || others === 0) return false;
    this.#runAhead(op.due - clock.now);
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
    this.#runAhead(ms);
    this.clock.now += ms;
  }

  /** The timer is a watchdog's. */
  watch(op: TimerOp): void {
    op.watchdog = true;
    (this.#watchdogs ??= new Set()).add(op);
  }

  /** Timers run ahead of enabled work by so much. */
  #runAhead(ms: number): void {
    this.#stall -= ms;
    if (this.#watchdogs === undefined) return;
    const { clock } = this;
    for (const op of this.#watchdogs) {
      if (!clock.removeTimer(op)) {
        this.#watchdogs.delete(op);
        continue;
      }
      op.due += ms;
      clock.addTimer(op);
    }
  }

  /** Takes a chosen operation out of the world. */
  remove(op: Op): void {
    switch (op.kind) {
      case 'immediate':
        this.clock.removeImmediate(op as TimerOp);
        this.#enter(CHECK, (op as TimerOp).due);
        break;
      case 'io':
        if (this.outside!.remove(op as IoOp)) this.#enter(POLL, this.phase > POLL ? this.round + 1 : this.round);
        break;
      case 'message': {
        const isClosing = this.ports!.chosen(op as TimerOp);
        this.clock.pending--;
        this.#enter(isClosing ? CLOSING : POLL, (op as TimerOp).due);
        break;
      }
      case 'timer':
      case 'sleep':
        this.#fire(op as TimerOp);
        break;
      case 'barrier':
        this.idlers!.shift();
        break;
      case 'start':
      case 'point':
      case 'await':
        // Enabled by themselves: the world never offers them.
        break;
    }
  }

  #fire(timer: TimerOp): void {
    const { clock } = this;
    if (timer.due > clock.now) clock.now = timer.due;
    clock.removeTimer(timer);
    this.#enter(TIMERS, this.phase === TIMERS ? this.round : this.round + 1);
  }

  #enter(phase: number, round: number): void {
    this.phase = phase;
    if (round > this.round) this.round = round;
  }
}
