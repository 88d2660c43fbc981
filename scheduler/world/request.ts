import { AsyncResource } from 'node:async_hooks';
import type { IoOp } from '../op.ts';
import type { Call, Target } from './crossing.ts';
import { originals } from './originals.ts';
import type { OutsideWork, Source } from './outside.ts';

/** Real milliseconds after which the engine goes on without the answer. */
const GRACE_MS = 5_000;
/** The same once something has not answered in time, and for what may wait for code of the execution. */
export const SHORT_GRACE_MS = 50;

/** And real milliseconds that it is given when nothing else can run. */
const PATIENCE_MS = 3_000;

/** Work outside that answers once. */
export class Request implements Source, Target {
  readonly order: number;
  stale = false;
  readonly #work: OutsideWork;
  readonly #op: IoOp;
  readonly #until: number;
  #answered = false;

  constructor(work: OutsideWork, op: IoOp, order: number, graceMs = GRACE_MS) {
    this.#work = work;
    this.#op = op;
    this.order = order;
    const isSlow = work.host.health.has('slow-outside');
    this.#until = originals.now() + (isSlow ? Math.min(graceMs, SHORT_GRACE_MS) : graceMs);
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
    return this.#answered ? 0 : PATIENCE_MS;
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
