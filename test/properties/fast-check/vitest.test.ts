import { it, test } from '@fast-check/vitest';
import type fc from 'fast-check';
import { describe, expect, vi } from 'vitest';
import { interleavings, type CheckError } from '../../../src/fast-check.ts';
import { concurrently, operations, type Operation } from './bank.ts';

const harmless = operations.map((list) => list.filter(({ kind }) => kind !== 'increment'));

describe('@fast-check/vitest', () => {
  const seen = vi.fn();

  test.prop([harmless], { numRuns: 20, plugins: [interleavings({ runs: 5, seed: 1 })] })('test.prop', async (list) => {
    seen();
    await concurrently(list);
  });

  it.prop({ list: harmless }, { numRuns: 20, plugins: [interleavings({ runs: 5, seed: 1 })] })(
    'it.prop with a record',
    async ({ list }) => {
      seen();
      await concurrently(list);
    },
  );

  test('both ran many orders of each value', () => {
    expect(seen.mock.calls.length).toBeGreaterThan(40);
  });

  const reporter = vi.fn();
  it.prop({ list: operations }, { seed: 7, reporter, plugins: [interleavings({ runs: 25 })] })(
    'reports a failure of a record',
    ({ list }: { list: Operation[] }) => concurrently(list),
  );

  test('with the story', () => {
    const [details] = reporter.mock.calls[0] as [fc.RunDetails<{ list: Operation[] }>];
    expect(details.counterexample!.list).toHaveLength(2);
    expect((details.errorInstance as CheckError).message).toContain('STRADDLE_REPLAY=st1.');
  });
});
