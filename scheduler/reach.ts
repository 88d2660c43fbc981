import { WaitOp, type Op } from './op.ts';

/**
 * How far a schedule is from what Node does with this very code.
 * - `today`: Node can do it: no instrumented await is overtaken.
 * - `latent`: an await on something really pending must take longer than in this test.
 * - `tick`: an await of an already settled value, or one in the test file itself, must take longer, or a native
 *   reaction is overtaken: usually code or a test that counts microtasks.
 */
export type Reach = (typeof REACHES)[number];

/** From the greatest reach to the least. */
export const REACHES = ['today', 'latent', 'tick'] as const;

/** Where runners look for tests by default. */
const TEST_FILE = /(^|[\\/])__tests__[\\/]|(^|[\\/._-])(test|spec)\.[cm]?[jt]sx?$/;

/** What it takes for `op` to be overtaken by one that is younger. Known only in observed executions. */
export function reachOf(op: Op): Reach {
  if (!(op instanceof WaitOp) || op.kind !== 'await') return 'today';
  return op.waited === true && !TEST_FILE.test(op.awaited!.file) ? 'latent' : 'tick';
}

/** The one that asks for more. */
export function lesser(a: Reach, b: Reach): Reach {
  return REACHES.indexOf(a) >= REACHES.indexOf(b) ? a : b;
}
