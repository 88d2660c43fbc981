import { constants } from 'node:os';
import { Channel } from './channel.ts';
import type { Call } from './crossing.ts';
import { hook } from './native.ts';
import type { OutsideWork } from './outside.ts';

/** Milliseconds of waiting within which a signal of this process arrives. */
const ARRIVAL_MS = 1_000;

interface SignalHandle {
  start(signal: number): number;
}

/** A signal that code of the execution listens to. One that this process sends to itself is waited for. */
export class SignalWatch extends Channel {
  declare readonly handle: SignalHandle;
  signal = 0;
  #expected = 0;

  constructor(work: OutsideWork, handle: object) {
    super(work, handle, 'signal');
    const { start } = this.handle;
    Object.assign(handle, {
      start: (signal: number) => {
        this.signal = signal;
        return start.call(handle, signal);
      },
    });
  }

  get signalName(): string {
    return Object.entries(constants.signals).find(([, number]) => number === this.signal)?.[0] ?? 'signal';
  }

  expect(): void {
    this.#expected++;
    this.touch();
  }

  expects(at: number): boolean {
    return this.isOpen && this.#expected > 0 && at - this.lastActive < ARRIVAL_MS;
  }

  patienceMs(): number {
    return 0;
  }

  cross(_callback: string, call: Call, args: readonly unknown[]): void {
    if (this.#expected > 0) this.#expected = 0;
    else this.work.host.health.note('spoke-unasked', () => unasked(this.signalName));
    this.arrived(this.signalName, () => void call(...args));
  }

  /** All who listen have begun to in the execution. */
  protected close(): void {
    process.removeAllListeners(this.signalName);
  }
}

/** Sees which signals this process sends to itself. */
export function hookSignals(work: () => OutsideWork): void {
  hook(process, '_kill', (original) => {
    return function (this: unknown, ...args) {
      const error = original.apply(this, args);
      const [pid, signal] = args;
      if (error === 0 && (pid === process.pid || pid === 0)) {
        for (const source of work().sources) {
          if (source instanceof SignalWatch && source.signal === signal) source.expect();
        }
      }
      return error;
    };
  });
}

function unasked(signal: string): string {
  return (
    `${signal} came from another process: when it does is not controlled, and a replay may differ. Send it from the ` +
    'test, with process.kill(process.pid), or call the listener.'
  );
}
