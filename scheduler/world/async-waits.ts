import type { TimerOp } from '../op.ts';
import type { Task } from '../task.ts';
import type { AnyFunction } from './dispatch.ts';
import type { OutsideWork, Source } from './outside.ts';

/** What `Atomics.waitAsync` returns. */
interface Answer {
  readonly async: boolean;
  readonly value: string | Promise<string>;
}

type Place = readonly [array: Int32Array | BigInt64Array, index: number];

/** By memory, all who wait there, or natively still do, in the order in which the runtime wakes them. */
const waiters = new WeakMap<object, Waiter[]>();

function waitersAt([array]: Place): Waiter[] {
  let all = waiters.get(array.buffer);
  if (all === undefined) waiters.set(array.buffer, (all = []));
  return all;
}

/** One who waits at a place of shared memory until somebody notifies him. */
class Waiter implements Source {
  readonly name = 'Atomics.waitAsync';
  readonly order: number;
  readonly place: Place;
  /** This thread has woken him; the answer is under way. */
  isNotified = false;
  /** He waits no more, but natively he is still there. */
  hasLeft = false;
  timer: TimerOp | undefined;

  /** What natively came of it. */
  outcome: string | undefined;
  readonly #work: OutsideWork;
  readonly #task: Task;
  readonly #resolve: (outcome: string) => void;

  constructor(work: OutsideWork, place: Place, resolve: (outcome: string) => void) {
    this.#work = work;
    this.#task = work.host.current;
    this.#resolve = resolve;
    this.place = place;
    this.order = work.nextOrder();
  }

  expects(): boolean {
    return this.isNotified && this.outcome === undefined;
  }

  /** Only a worker may do it, which is given time for itself. */
  patienceMs(): number {
    return 0;
  }

  land(): void {
    const { outcome } = this;
    if (outcome === undefined) return;
    this.#work.delete(this);
    if (!this.hasLeft) this.#work.complete(this.name, this.order, this.#task, () => this.#resolve(outcome));
  }

  end(): boolean {
    this.hasLeft = true;
    return false;
  }

  /** Of places in the same memory. */
  isAt([array, index]: Place): boolean {
    const [ours, at] = this.place;
    return offset(ours, at) === offset(array, index);
  }
}

function offset(array: Int32Array | BigInt64Array, index: number): number {
  return array.byteOffset + index * array.BYTES_PER_ELEMENT;
}

/** `Atomics.waitAsync` of code under test: the time-out is virtual, and that somebody is woken is an operation. */
export function waitAsync(work: OutsideWork, original: AnyFunction, notify: AnyFunction, args: unknown[]): Answer {
  const [array, index, value, timeout] = args;
  const ms = timeout === undefined ? Infinity : Number(timeout);
  const isEndless = Number.isNaN(ms) || ms === Infinity;
  const native = (...rest: unknown[]): Answer =>
    original.apply(Atomics, [array, index, value, ...rest] as never[]) as Answer;
  const answer = !isEndless && ms <= 0 ? native(ms) : native();
  if (!answer.async) return answer;
  const place = [array, Number(index)] as unknown as Place;
  const promise = new Promise<string>((resolve) => {
    const waiter = new Waiter(work, place, resolve);
    const all = waitersAt(place);
    all.push(waiter);
    work.add(waiter);
    if (!isEndless) {
      waiter.timer = work.host.arm('timer', waiter.name, ms, () => {
        waiter.hasLeft = true;
        resolve('timed-out');
      });
    }
    void (answer.value as Promise<string>).then((outcome) => {
      all.splice(all.indexOf(waiter), 1);
      waiter.outcome = outcome;
      // It was meant for somebody who is still there.
      if (waiter.hasLeft) notifying(notify, [...place, 1]);
      else if (waiter.timer !== undefined) work.host.disarm(waiter.timer);
      work.stir();
    });
  });
  return { async: true, value: promise };
}

/** `Atomics.notify`: those of this thread whom it wakes are waited for. */
export function notifying(original: AnyFunction, args: unknown[], work?: OutsideWork): unknown {
  const woken = original.apply(Atomics, args as never[]) as number;
  if (woken > 0) {
    const place = [args[0], Number(args[1])] as unknown as Place;
    const there = waitersAt(place).filter((one) => !one.isNotified && one.isAt(place));
    for (const waiter of there.slice(0, woken)) waiter.isNotified = true;
    work?.stir();
  }
  return woken;
}
