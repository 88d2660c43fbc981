import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';
import { duration, pattern, wholeFrom } from '../../src/cli/arguments.ts';

test('times are milliseconds, by their unit; a bare number is seconds', () => {
  expect(['500ms', '30s', '1.5m', '2h', '3'].map(duration)).toEqual([500, 30_000, 90_000, 7_200_000, 3_000]);
  // A longer timer would fire at once.
  expect(duration('1000h')).toBe(2 ** 31 - 1);
});

test('whole numbers from the least one on', () => {
  expect(['1', '200'].map(wholeFrom(1))).toEqual([1, 200]);
  expect(wholeFrom(0)('0')).toBe(0);
});

test.each([
  [duration, ['', '0', '-1s', '30 parsecs', '5d', 's'], /^It must be a time such as 30s, 5m or 500ms\.$/],
  [wholeFrom(1), ['', '0', '-1', '1.5', '1e3', 'many', '9'.repeat(20)], /^It must be a whole number from 1\.$/],
  [pattern, ['(', '[', '*'], /^Invalid regular expression: [^\n]+\.$/],
])('what is wrong is one sentence: %o of %j', (parse, texts, sentence) => {
  for (const text of texts) {
    expect(() => parse(text)).toThrow(InvalidArgumentError);
    expect(() => parse(text)).toThrow(sentence);
  }
});
