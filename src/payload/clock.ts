import { LONGEST_DELAY_MS, originals } from '../../scheduler/world/originals.ts';

/** What a deadline needs of time. Milliseconds, monotonic. */
export interface Clock {
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

// The host's own: neither fake timers that a test installs nor virtual time may stop a watchdog over a real process.
const { now, setTimeout, clearTimeout, setImmediate } = originals;

export const realClock: Clock = {
  now,
  setTimeout: (callback, ms) => setTimeout(callback as never, ms),
  clearTimeout: (timer) => {
    clearTimeout(timer as never);
  },
};

/**
 * Calls `expire` once, when `ms` milliseconds have passed and not before. What is left is computed anew at each
 * look, so neither an early timer, nor an interrupted one, nor a delay beyond a timer's range moves the end.
 * Returns the function that calls it off.
 */
export function atDeadline(ms: number, expire: () => void, clock: Clock = realClock): () => void {
  const end = clock.now() + ms;
  let timer: unknown;
  const look = (): void => {
    const left = end - clock.now();
    if (left <= 0) expire();
    else timer = clock.setTimeout(look, Math.min(Math.ceil(left), LONGEST_DELAY_MS));
  };
  look();
  return () => {
    clock.clearTimeout(timer);
  };
}

/**
 * Resolves in the next check phase of the event loop. libuv collects dead children in the poll phase and delivers
 * all their `exit` events there, so in the check phase a child whose exit was not seen has not been reaped: its
 * process number is still its own.
 */
export function checkPhase(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
