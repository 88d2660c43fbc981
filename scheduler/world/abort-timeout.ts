import type { VirtualTimeout, VirtualTimers } from './timers.ts';

/** `AbortSignal.timeout` in virtual time; like the host's, its timer keeps nothing alive. */
export function abortAfter(timers: VirtualTimers, ms: number): AbortSignal {
  const controller = new AbortController();
  const timer = timers.setTimeout(() => {
    controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
  }, ms) as VirtualTimeout;
  timer.unref();
  return controller.signal;
}

/** Whether the host would accept this delay. */
export function isAbortDelay(ms: unknown): ms is number {
  return Number.isInteger(ms) && (ms as number) >= 0 && (ms as number) < 2 ** 53;
}
