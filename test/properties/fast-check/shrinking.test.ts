import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CheckError } from '../../../src/fast-check.ts';
import { interleavings } from '../../../src/fast-check.ts';
import { concurrently, operations } from './bank.ts';

const SEEDS = process.env['STRADDLE_DEEP'] === '1' ? 1000 : 100;

test(`value and order shrink together: two increments and one preemption, for ${SEEDS} seeds of ${SEEDS}`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const details = await fc.check(fc.asyncProperty(operations, concurrently), {
      seed,
      plugins: [interleavings({ runs: 12 })],
    });
    const error = details.errorInstance as CheckError;
    const { preemptions, deviations, message } = error.report.failure!;
    expect({ seed, preemptions, deviations, message, value: details.counterexample }).toEqual({
      seed,
      preemptions: 1,
      deviations: 1,
      message: 'an increment was lost',
      value: [
        [
          { kind: 'increment', note: 0 },
          { kind: 'increment', note: 0 },
        ],
      ],
    });
  }
}, 600_000);
