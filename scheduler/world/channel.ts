import { AsyncResource } from 'node:async_hooks';
import type { Task } from '../task.ts';
import { targets, type Call, type Target } from './crossing.ts';
import type { OutsideWork, Source } from './outside.ts';

/** An event of a handle that is not an operation yet. */
interface Event {
  /** What a person is told about it. */
  name: string;
  /** Of two events that arrive while the engine waits, the one of lower rank comes first. */
  readonly rank: number;
  readonly deliver: () => void;
}

/**
 * A native handle that lives long and speaks more than once: a socket, a server, a process. Its events become
 * operations of a task of its own, one after the other.
 */
export abstract class Channel implements Source, Target {
  readonly order: number;
  /** What a person is told about it. */
  name: string;
  readonly task: Task;
  readonly handle: object;
  /** It is there still, and this execution's. */
  isOpen = true;
  stale = false;
  /** When something was last heard from it or asked of it, in milliseconds of waiting. */
  lastActive: number;
  protected readonly work: OutsideWork;
  readonly #queue: Event[] = [];
  #isOffered = false;

  constructor(work: OutsideWork, handle: object, name: string) {
    this.work = work;
    this.handle = handle;
    this.name = name;
    this.order = work.nextOrder();
    this.lastActive = work.waitedMs;
    this.task = work.host.newTask(name);
    targets.set(handle, this);
    work.add(this);
  }

  abstract expects(at: number): boolean;
  abstract patienceMs(): number;
  abstract cross(callback: string, call: Call, args: readonly unknown[]): void;
  /** Closes it, because the execution has left it open. */
  protected abstract close(): void;

  get isRunning(): boolean {
    return this.work.isRunning;
  }

  /** Something is asked of it, or it has spoken. */
  touch(): void {
    this.lastActive = this.work.waitedMs;
    this.work.stir();
  }

  /** In the host's turn: something has happened, and `run` is to be told, in the async context of now. */
  protected arrived(name: string, run: () => void, rank = 0): void {
    this.enqueue(name, new AsyncResource('straddle.io'), run, rank);
    this.touch();
  }

  protected enqueue(name: string, scope: AsyncResource, run: () => void, rank = 0): void {
    this.#queue.push({ name, rank, deliver: () => this.work.host.within(scope, this.task, run) });
  }

  land(): void {
    if (this.#isOffered) return;
    this.#queue.sort((a, b) => a.rank - b.rank);
    this.#offer();
  }

  #offer(): void {
    const event = this.#queue[0];
    if (event === undefined) {
      if (!this.isOpen) this.work.delete(this);
      return;
    }
    this.#isOffered = true;
    const run = (): void => {
      this.#queue.shift();
      this.#isOffered = false;
      this.#offer();
      event.deliver();
    };
    this.work.land(this.work.host.ask(event.name, run, this.task), this.order);
  }

  /** Code under test closes its handle. */
  closing(): void {
    this.gone();
  }

  /** It is gone; what it has said is still delivered. */
  protected gone(): void {
    this.isOpen = false;
    this.work.stir();
  }

  end(): boolean {
    const wasOpen = this.isOpen;
    this.stale = true;
    this.isOpen = false;
    if (wasOpen) this.close();
    return wasOpen;
  }
}
