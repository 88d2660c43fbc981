import type { MessagePort, Worker } from 'node:worker_threads';
import { Channel } from './channel.ts';
import { cross, targets, type Call } from './crossing.ts';
import { hidden } from './native.ts';
import { originals } from './originals.ts';
import type { OutsideWork } from './outside.ts';
import { areOthersBusy } from './process-tree.ts';

/** Milliseconds of waiting that a worker may be busy before the engine goes on without it. */
const BUSY_MS = 2_000;
/** The same once something outside has been too slow. */
const SHORT_BUSY_MS = 100;
/** For so long its loop must have been idle to be believed. */
const IDLE_MS = 2;
/** The same where nobody knows whether there is something for it to hear. */
const DEAF_MS = 20;
/** Less than this is the inaccuracy of the clocks. */
const AWAKE_MS = 0.02;
/** So often the clocks are read, where that takes long each time. */
const MOST_READINGS = 4;
/** What it is given when nothing else can run. */
const PATIENCE_MS = 3_000;

/** Where Node's native code delivers a message to a port, and leaves the ports that came with it. */
const DISPATCH: unique symbol = Symbol.for('nodejs.internal.kHybridDispatch');
const RECEIVED_PORTS: unique symbol = Symbol.for('nodejs.internal.kCurrentlyReceivingPorts');

interface WorkerHandle {
  /** Milliseconds that its loop has spent waiting. */
  loopIdleTime?(): number;
  stopThread(): void;
}

interface Port {
  [DISPATCH]: Call;
  [RECEIVED_PORTS]: unknown;
}

/** The ports to a worker, Node's own first, then its end: in this order if they bring something at the same time. */
const PORTS = ['kPort', 'kPublicPort'];
const EXIT = PORTS.length;

/** A worker thread, and the ports to it: waited for while its loop is busy. */
class Thread extends Channel {
  declare readonly handle: WorkerHandle;
  /** When something was last posted to it, or heard from it, and how long it had been idle by then. */
  #since: Idleness;
  /** It has been seen awake after something was posted to it. */
  #wasAwake = false;
  readonly #ports: Port[] = [];
  /** All is said and done, as far as anybody can tell. */
  isIdle = false;
  #idleMs = IDLE_MS;
  /** How long its loop had been idle when it was looked at last. */
  #restedMs = 0;

  constructor(work: OutsideWork, handle: WorkerHandle) {
    super(work, handle, 'worker');
    this.#since = idleness(handle);
  }

  /** Something is about to be posted to it. */
  posted(): void {
    this.touch();
    this.#watch(false);
  }

  /** Something has been posted that it may hear. */
  mayHear(): void {
    this.touch();
    this.#watch(true, DEAF_MS);
  }

  #watch(wasAwake: boolean, idleMs = IDLE_MS): void {
    this.#since = idleness(this.handle);
    this.#idleMs = idleMs;
    this.#wasAwake = wasAwake;
    this.isIdle = false;
  }

  expects(at: number): boolean {
    if (!this.isOpen || this.isIdle) return false;
    const { health } = this.work.host;
    if (at - this.lastActive > (health.has('slow-outside') ? SHORT_BUSY_MS : BUSY_MS)) {
      health.note('slow-outside', busy);
      return false;
    }
    const now = idleness(this.handle);
    const passed = now.at - this.#since.at;
    const awake = passed - (now.idle - this.#since.idle);
    // Where its loop does not run yet, or no more, there is no idle time.
    if (now.idle <= 0 || passed < this.#idleMs) return true;
    if (awake > AWAKE_MS) this.#watch(true);
    else this.isIdle = this.#wasAwake;
    return !this.isIdle;
  }

  patienceMs(): number {
    return this.isOpen ? PATIENCE_MS : 0;
  }

  /** Its loop does not come to rest, nor is it blocked. */
  isAtWork(): boolean {
    const { idle } = idleness(this.handle);
    const hasRested = idle - Math.max(this.#restedMs, this.#since.idle) > IDLE_MS;
    this.#restedMs = idle;
    return this.isOpen && !hasRested && areOthersBusy();
  }

  cross(_callback: string, call: Call, args: readonly unknown[]): void {
    // Whatever it has said before its end is here; Node would read it now.
    this.#ports.forEach((port, rank) => {
      for (let got = receive(port); got !== undefined; got = receive(port))
        this.#said(port, rank, [got.message, 'message']);
    });
    this.arrived('worker exit', () => void call(...args), EXIT);
    this.gone();
  }

  /** The messages that native code brings to one of its ports cross over. */
  adopt(port: Port, rank: number): void {
    targets.set(port, this);
    this.#ports[rank] = port;
    const dispatch = port[DISPATCH];
    const value = (...args: unknown[]): unknown => {
      // That it closes is known from its end.
      if (this.isRunning || !String(args[1]).startsWith('message')) return dispatch.apply(port, args);
      if (this.stale) return undefined;
      if (this.isIdle) this.work.host.health.note('spoke-unasked', unasked);
      this.#watch(true);
      this.#said(port, rank, args);
      return undefined;
    };
    Object.defineProperty(port, DISPATCH, { value, configurable: true, writable: true });
  }

  #said(port: Port, rank: number, args: readonly unknown[]): void {
    const ports = port[RECEIVED_PORTS];
    const deliver = (): void => {
      port[RECEIVED_PORTS] = ports;
      port[DISPATCH](...args);
      port[RECEIVED_PORTS] = undefined;
    };
    this.arrived('worker message', deliver, rank);
  }

  protected close(): void {
    this.handle.stopThread();
  }
}

function receive(port: Port): { readonly message: unknown } | undefined {
  return originals.receiveMessageOnPort(port as unknown as MessagePort);
}

interface Idleness {
  /** Real milliseconds. */
  readonly at: number;
  /** Milliseconds that the loop had waited by then. */
  readonly idle: number;
}

/** Both clocks read at the same time, though this thread may be interrupted. */
function idleness(handle: WorkerHandle): Idleness {
  for (let attempts = 1; ; attempts++) {
    const at = originals.now();
    const idle = handle.loopIdleTime?.() ?? 0;
    if (originals.now() - at < AWAKE_MS / 2 || attempts === MOST_READINGS) return { at, idle };
  }
}

/** Takes over a worker thread that code of the execution has just started. */
export function adoptWorker(work: OutsideWork, worker: Worker): void {
  const handle = hidden(worker, 'kHandle') as WorkerHandle | undefined;
  if (handle === undefined) return;
  const thread = new Thread(work, handle);
  cross(handle, 'onexit');
  PORTS.forEach((name, rank) => {
    const port = hidden(worker, name);
    if (typeof port === 'object' && port !== null) thread.adopt(port as Port, rank);
  });
}

/** Code of the execution is about to post a message to a port, which may be a worker's. */
export function posting(port: object): void {
  const target = targets.get(port);
  if (target instanceof Thread) target.posted();
}

function* threadsOf(work: OutsideWork): Generator<Thread> {
  for (const source of work.sources) if (source instanceof Thread && source.isOpen) yield source;
}

export function areThreadsRunning(work: OutsideWork): boolean {
  return threadsOf(work).next().done !== true;
}

/** Something has come from another thread, nobody knows which. */
export function heardFromAnywhere(work: OutsideWork): void {
  const threads = [...threadsOf(work)];
  if (threads.length > 0 && threads.every(({ isIdle }) => isIdle)) work.host.health.note('spoke-unasked', unasked);
  for (const thread of threads) thread.mayHear();
}

/** Something has been posted to another thread; `isHeard`: one of them will hear it. */
export function postingAnywhere(work: OutsideWork, isHeard: boolean): void {
  const threads = [...threadsOf(work)];
  if (isHeard && threads.length === 1) threads[0]!.posted();
  else for (const thread of threads) thread.mayHear();
}

function unasked(): string {
  return (
    'A worker thread spoke when it had nothing to do, by a timer of its own for instance: when it does is not ' +
    'controlled, and a replay may differ. Let it speak only when it is asked.'
  );
}

function busy(): string {
  return (
    'A worker thread went on working for long, so the execution went on without it: when it speaks is not ' +
    'controlled, and a replay may differ. Give it less to do in a test.'
  );
}
