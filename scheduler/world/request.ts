import { AsyncResource } from 'node:async_hooks';
import type { IoOp } from '../op.ts';
import type { Call, Target } from './crossing.ts';
import type { OutsideWork, Source } from './outside.ts';

/** How long an answer is waited for, in milliseconds of waiting. */
export interface Limits {
  /** Before the next choice is made without it. */
  readonly graceMs: number;
  /** When nothing else can run. */
  readonly patienceMs: number;
}

/** Where something has not answered in time before. */
const SHORT_GRACE_MS = 50;

/** What this process works on is sure to be answered: never is it given up, however long that takes. */
const SURE: Limits = { graceMs: 5_000, patienceMs: Infinity };
/** What the engine itself has begun: nothing goes on without it either. */
export const OWN: Limits = { graceMs: Infinity, patienceMs: Infinity };
/** What may wait for somebody outside. */
export const UNSURE: Limits = { graceMs: 5_000, patienceMs: 3_000 };
/** What may wait for code of the execution. */
export const BLOCKABLE: Limits = { graceMs: SHORT_GRACE_MS, patienceMs: 3_000 };

/** Work outside that answers once. */
export class Request implements Source, Target {
  readonly order: number;
  stale = false;
  readonly #work: OutsideWork;
  readonly #op: IoOp;
  readonly #until: number;
  readonly #patienceMs: number;
  #answered = false;

  constructor(work: OutsideWork, op: IoOp, order: number, limits = SURE) {
    this.#work = work;
    this.#op = op;
    this.order = order;
    const { graceMs, patienceMs } = limits;
    const isShort = limits !== OWN && work.host.health.has('slow-outside');
    this.#until = work.waitedMs + (isShort ? Math.min(graceMs, SHORT_GRACE_MS) : graceMs);
    this.#patienceMs = patienceMs;
  }

  get name(): string {
    return this.#op.name;
  }

  get isRunning(): boolean {
    return this.#work.isRunning;
  }

  cross(_callback: string, call: Call, args: readonly unknown[]): void {
    this.answer(() => void call(...args));
  }

  /** The answer has come; `deliver` runs when it is chosen, in the async context of now. */
  answer(deliver: () => void): void {
    if (this.stale || this.#answered) return;
    this.#answered = true;
    const scope = new AsyncResource('straddle.io');
    this.#op.run = () => this.#work.host.within(scope, this.#op.task, deliver);
    this.#work.stir();
  }

  expects(at: number): boolean {
    if (this.#answered) return false;
    if (at < this.#until) return true;
    this.#work.host.health.note('slow-outside', () => slow(this.name));
    return false;
  }

  patienceMs(): number {
    return this.#answered ? 0 : this.#patienceMs;
  }

  land(): void {
    if (!this.#answered) return;
    this.#work.delete(this);
    this.#work.land(this.#op, this.order);
  }

  end(): boolean {
    this.stale = true;
    return false;
  }
}

function slow(name: string): string {
  return (
    `'${name}' had not answered in time, so the execution went on without it: when its answer comes is not controlled, ` +
    'and a replay may differ. Use something faster in its place, or a fake.'
  );
}
