import { describe, expect, test } from 'vitest';
import {
  clopperPearson,
  median,
  pctResidual,
  uniformResidual,
  upperBound,
  wilson,
} from '../../properties/statistics.ts';

const round = (digits: number, ...values: number[]) => values.map((value) => Number(value.toFixed(digits)));

describe('intervals, against Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I', () => {
  test.each([
    { successes: 81, trials: 263, score: [0.2553, 0.3662], exact: [0.2527, 0.3676] },
    { successes: 15, trials: 148, score: [0.0624, 0.1605], exact: [0.0578, 0.1617] },
    { successes: 0, trials: 20, score: [0, 0.1611], exact: [0, 0.1684] },
    { successes: 1, trials: 29, score: [0.0061, 0.1718], exact: [0.0009, 0.1776] },
  ])('$successes of $trials', ({ successes, trials, score, exact }) => {
    const approximate = wilson(successes, trials);
    const sure = clopperPearson(successes, trials);
    expect(round(4, approximate.low, approximate.high)).toEqual(score);
    expect(round(4, sure.low, sure.high)).toEqual(exact);
  });

  test('Clopper-Pearson is exact in the tails and for large counts (values of SciPy 1.17, beta.ppf)', () => {
    const rare = clopperPearson(50, 1_000_000);
    expect(rare.low).toBeCloseTo(3.7111184347986994e-5, 13);
    expect(rare.high).toBeCloseTo(6.591824198810435e-5, 13);
    const even = clopperPearson(500_000, 1_000_000);
    expect(even.low).toBeCloseTo(0.49901951919531184, 9);
    expect(even.high).toBeCloseTo(0.5009804808046882, 9);
    expect(clopperPearson(5, 10, 0.99).low).toBeCloseTo(0.12831055393508328, 13);
    expect(clopperPearson(10, 10)).toEqual({ low: expect.closeTo(0.6915028921812392, 13), high: 1 });
  });

  test('without trials nothing is known', () => {
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
    expect(clopperPearson(0, 0)).toEqual({ low: 0, high: 1 });
    expect(upperBound(0, 0)).toBe(1);
  });

  test('a higher quantile gives a wider interval, and both stay within 0 and 1', () => {
    const wide = wilson(10, 10, 2.5758293035489004);
    expect(wide.low).toBeLessThan(wilson(10, 10).low);
    expect(wide.high).toBe(1);
    expect(wilson(0, 7).low).toBe(0);
  });

  test('the Clopper-Pearson bounds are what they claim: the tails they cut off have the stated probability', () => {
    const { low, high } = clopperPearson(3, 12, 0.9);
    expect(binomialTail(12, 3, high)).toBeCloseTo(0.05, 12);
    expect(1 - binomialTail(12, 2, low)).toBeCloseTo(0.05, 12);
  });
});

describe('an event never seen', () => {
  test.each([
    { trials: 10, bound: 0.2588655508930522 },
    { trials: 1000, bound: 0.002991249545095295 },
  ])('in $trials trials', ({ trials, bound }) => expect(upperBound(0, trials)).toBeCloseTo(bound, 15));

  test('the rule of three errs upwards, by less than a tenth from 30 trials on', () => {
    for (const trials of [30, 100, 10_000, 1e9]) {
      expect(3 / trials).toBeGreaterThan(upperBound(0, trials));
      expect(3 / trials).toBeLessThan(1.1 * upperBound(0, trials));
    }
  });

  test('an event seen, at other confidences (SciPy, beta.ppf)', () => {
    expect(upperBound(1, 100)).toBeCloseTo(0.046559811453538935, 13);
    expect(upperBound(3, 50, 0.99)).toBeCloseTo(0.18720925616529482, 13);
    expect(upperBound(7, 7)).toBe(1);
  });
});

describe('residual risk', () => {
  test('PCT: one execution finds a bug of depth 1 among 2 tasks with probability 1/2, of depth 2 with 1/(n k)', () => {
    expect(pctResidual(2, 50, 1, 10).risk).toBeCloseTo(2 ** -10, 15);
    expect(pctResidual(4, 25, 2, 1).risk).toBeCloseTo(0.99, 15);
    expect(pctResidual(4, 25, 3, 1).risk).toBeCloseTo(1 - 1 / 2500, 15);
    expect(pctResidual(1, 9, 1, 1).risk).toBe(0);
    expect(pctResidual(3, 9, 2, 0).risk).toBe(1);
  });

  test('PCT: the bound lies below what PCT samplers were measured to find (bugs of depth 2 in n tasks and k steps)', () => {
    const measured = [
      { tasks: 3, steps: 6, found: 0.11 },
      { tasks: 5, steps: 10, found: 0.0405 },
      { tasks: 10, steps: 20, found: 0.0101 },
    ];
    for (const { tasks, steps, found } of measured)
      expect(pctResidual(tasks, steps, 2, 1).risk).toBeGreaterThan(1 - found);
  });

  test('PCT: executions for 95 % are three times the inverse of the bound', () => {
    expect(pctResidual(4, 25, 2, 300).risk).toBeCloseTo(0.05, 2);
  });

  test('in one sentence, rounded upwards', () => {
    expect(pctResidual(4, 25, 2, 300).sentence).toBe(
      'If there is a bug of depth 2 (at most 4 tasks and 25 steps), 300 independent PCT executions all miss it with a probability of at most 5 %.',
    );
    expect(pctResidual(2, 10, 2, 1000).sentence).toContain('1,000 independent PCT executions');
    expect(pctResidual(2, 10, 1, 1000).sentence).toContain('of at most 0.0001 %');
    expect(uniformResidual(1000).sentence).toBe(
      'None of 1,000 independent uniform samples failed: with 95 % confidence at most 0.3 % of the schedules do.',
    );
    expect(uniformResidual(1, 0.999).sentence).toContain('1 independent uniform sample failed: with 99.9 % confidence');
    expect(uniformResidual(500).risk).toBe(upperBound(0, 500));
  });
});

test('the median', () => {
  const values = [9, 1, 10, 2];
  expect(median(values)).toBe(5.5);
  expect(median([3, 30, 4])).toBe(4);
  expect(values).toEqual([9, 1, 10, 2]);
});

describe('what cannot be is refused in one sentence', () => {
  test.each([
    ['more successes than trials', () => wilson(3, 2), '3 of 2 is no count of successes among trials.'],
    ['a broken count', () => clopperPearson(0.5, 2), '0.5 of 2 is no count of successes among trials.'],
    [
      'a two-sided confidence in percent',
      () => clopperPearson(1, 5, 95),
      'A confidence lies between 0 and 1; 95 does not.',
    ],
    ['no number', () => upperBound(0, NaN), '0 of NaN is no count of successes among trials.'],
    ['a confidence in percent', () => upperBound(0, 5, 95), 'A confidence lies between 0 and 1; 95 does not.'],
    ['a quantile of 0', () => wilson(1, 2, 0), 'The quantile z must be a positive number, not 0.'],
    ['no values', () => median([]), 'The median of no numbers is not defined.'],
    ['depth 0', () => pctResidual(2, 2, 0, 5), 'Tasks, steps and depth are counts from 1: 2, 2, 0 are not.'],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(expect.objectContaining({ name: 'StraddleError', kind: 'usage', message }));
  });
});

/** The probability of at most `k` successes in `n` trials, by definition. */
function binomialTail(n: number, k: number, p: number): number {
  let sum = 0;
  let coefficient = 1;
  for (let i = 0; i <= k; i++) {
    sum += coefficient * p ** i * (1 - p) ** (n - i);
    coefficient = (coefficient * (n - i)) / (i + 1);
  }
  return sum;
}
