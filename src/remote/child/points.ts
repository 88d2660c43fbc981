import { BarrierRegistry, type Token } from '../../../scheduler/barriers.ts';
import { StraddleError } from '../../../scheduler/error.ts';
import { slot, type Hook } from '../../../scheduler/point.ts';
import type { Cancelled } from '../connection.ts';
import { Pilot } from './pilot.ts';

/** Somebody who waits at a point. */
interface Parked {
  go: () => void;
}

const passed: Promise<void> = Promise.resolve();

/**
 * The points of this process, and the barriers at them: the registry and the rules of a controlled execution. The
 * production hook is in place only while a barrier stands or an exploration steers; until then a point costs what it costs in
 * production.
 */
export class Points implements Hook {
  readonly pilot = new Pilot(() => {
    this.#arm();
  });
  #registry: BarrierRegistry<Parked> | undefined;

  /** Takes away what stood, and starts anew, with or without barriers. */
  reset(enabled: boolean): void {
    this.close();
    this.#registry = enabled ? new BarrierRegistry<Parked>(({ go }) => go(), nextId()) : undefined;
  }

  /** Ends every wait with `shutdown` and lets everybody go. Later arrivals pass. */
  close(): void {
    this.#registry?.shutdown('The server was shut down');
    this.#arm();
  }

  install(name: string, key: unknown): Token {
    const token = this.#demand().install(requireName(name), requireKey(key));
    this.#arm();
    return token;
  }

  waitHeld(token: Token, cancelled: Cancelled): Promise<void> {
    const registry = this.#demand();
    return new Promise((resolve, reject) => {
      const cancel = registry.whenHeld(token, (error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
      cancelled.onCancellationRequested(() => {
        cancel();
        reject(new StraddleError('aborted', 'Waiting at the barrier was aborted.'));
      });
    });
  }

  release(token: Token): boolean {
    const released = this.#demand().release(token);
    this.#arm();
    return released;
  }

  releaseAll(): void {
    this.#demand().releaseAll();
    this.#arm();
  }

  point(name: string, key: unknown): Promise<void> {
    const parked: Parked = { go: nobody };
    if (this.#registry?.arrive(name, key, parked) !== true) return this.pilot.park(name, key) ?? passed;
    return new Promise<void>((resolve) => (parked.go = resolve)).then(() => this.pilot.park(name, key));
  }

  hop(value: unknown): unknown {
    return value;
  }

  #arm(): void {
    const armed = this.pilot.steers || (this.#registry !== undefined && this.#registry.size > 0);
    const hook = armed ? this : undefined;
    if (slot.hook !== hook) slot.hook = hook;
  }

  #demand(): BarrierRegistry<Parked> {
    if (this.#registry !== undefined) return this.#registry;
    throw new StraddleError(
      'barriers-disabled',
      'this child was started without barriers: leave out `barriers: false` where it is forked.',
    );
  }
}

let registries = 0;

/** Tokens of two children, or of two servers in one child, differ. */
function nextId(): string {
  return `${process.pid}.${++registries}`;
}

function nobody(): void {
  // Replaced as soon as the promise is made.
}

function requireName(name: unknown): string {
  if (typeof name === 'string' && name !== '') return name;
  throw new StraddleError('usage', 'a barrier is installed at the name of a point: install("page:locked", 3).');
}

function requireKey(key: unknown): unknown {
  if (typeof key !== 'object' || key === null) return key;
  throw new StraddleError(
    'usage',
    'the key of a remote barrier must be a plain value: an object is never the same in two processes.',
  );
}
