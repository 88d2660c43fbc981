import { AsyncResource } from 'node:async_hooks';
import { expect, test } from 'vitest';
import { explore } from '../../src/index.ts';

/** On Node 20 every async context storage that is in use leaves a symbol on every async resource. */
function contexts(): number {
  return Object.getOwnPropertySymbols(new AsyncResource('probe')).length;
}

test('a failure that was told leaves no async context behind', async () => {
  const fail = (): Promise<unknown> =>
    explore(
      async (sim) => {
        await sim.point('here');
        throw new Error('always');
      },
      { seed: 1 },
    );
  await fail();
  const before = contexts();
  for (let i = 0; i < 3; i++) await fail();
  expect(contexts()).toBe(before);
});
