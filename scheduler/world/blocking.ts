import { StraddleError } from '../error.ts';
import { siteOfStack } from '../sites.ts';
import type { AnyFunction } from './dispatch.ts';
import type { OutsideWork } from './outside.ts';

/** Real milliseconds after which a thread that blocks for ever is given up. */
const PATIENCE_MS = 5_000;

/**
 * `Atomics.wait` of code under test: it blocks the thread on which everything else runs, so that only another
 * thread can end it, at a time that is not controlled.
 * @throws StraddleError `blocked` when nobody has for long, and it would wait for ever.
 */
export function waitBlocking(work: OutsideWork, original: AnyFunction, args: unknown[]): unknown {
  const site = siteOfStack(new Error().stack) ?? 'an unknown place';
  work.host.health.note('blocking-wait', () => blocking(site));
  const [array, index, value, timeout] = args;
  const wait = (ms: number): unknown => original.apply(Atomics, [array, index, value, ms] as never[]);
  const ms = timeout === undefined ? Infinity : Number(timeout);
  if (!(ms > PATIENCE_MS || Number.isNaN(ms))) return wait(ms);
  const answer = wait(PATIENCE_MS);
  if (answer !== 'timed-out') return answer;
  throw new StraddleError(
    'blocked',
    `Atomics.wait at ${site} has blocked this thread for ${PATIENCE_MS / 1_000} s: nothing else can run, and nobody ended it.`,
  );
}

function blocking(site: string): string {
  return (
    `Atomics.wait at ${site} blocks the thread on which everything else runs: only another thread can end it, when ` +
    'it likes, so a replay may differ. Wait for a message instead.'
  );
}
