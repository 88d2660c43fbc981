import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STDERR_TAIL_BYTES } from '../../src/payload/limits.ts';
import { tail } from '../../src/payload/tail.ts';

test('long text is cut to its end and marked', () => {
  const text = 'a'.repeat(500) + 'b'.repeat(1024);
  expect(tail(text, STDERR_TAIL_BYTES)).toBe(`...${'b'.repeat(1024)}`);
});

test('short text stays as it is', () => {
  expect(tail('out of memory', STDERR_TAIL_BYTES)).toBe('out of memory');
  expect(tail('exact', 5)).toBe('exact');
  expect(tail('', 5)).toBe('');
});

describe('a character of several bytes', () => {
  const text = `${'A'.repeat(10)}é${'B'.repeat(10)}`;

  test('is left out when the cut goes through it', () => {
    expect(tail(text, 11)).toBe(`...${'B'.repeat(10)}`);
  });

  test('is kept when the cut comes right before it', () => {
    expect(tail(text, 12)).toBe(`...é${'B'.repeat(10)}`);
  });

  test('is left out at the size in use', () => {
    const long = `${'A'.repeat(100)}é${'B'.repeat(1023)}`;
    expect(Buffer.byteLength(long)).toBe(1125);
    expect(tail(long, STDERR_TAIL_BYTES)).toBe(`...${'B'.repeat(1023)}`);
  });

  test('is kept at the size in use', () => {
    const long = `${'A'.repeat(100)}é${'B'.repeat(1022)}`;
    expect(Buffer.byteLength(long)).toBe(1124);
    expect(tail(long, STDERR_TAIL_BYTES)).toBe(`...é${'B'.repeat(1022)}`);
  });
});

const characters = fc.string({
  unit: fc.constantFrom('a', '\n', 'é', '€', '😀', '\u0301', '\uFEFF', '\0'),
  maxLength: 40,
});

test('for any text and size: whole if it fits, otherwise the longest suffix of whole characters that fits', () => {
  fc.assert(
    fc.property(characters, fc.nat(60), (text, maxBytes) => {
      const cut = tail(text, maxBytes);
      if (Buffer.byteLength(text) <= maxBytes) {
        expect(cut).toBe(text);
        return;
      }
      expect(cut.startsWith('...')).toBe(true);
      const body = cut.slice(3);
      expect(text.endsWith(body)).toBe(true);
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(maxBytes);
      const all = [...text];
      const kept = [...body].length;
      expect(all.slice(all.length - kept).join('')).toBe(body);
      expect(Buffer.byteLength(all.at(-kept - 1)! + body)).toBeGreaterThan(maxBytes);
    }),
    { numRuns: 500 },
  );
});

test('every size over a text with one character of three bytes', () => {
  const text = `${'x'.repeat(10)}€${'y'.repeat(10)}`;
  for (let maxBytes = 1; maxBytes <= 22; maxBytes++) {
    const body = tail(text, maxBytes).slice(3);
    const whole = maxBytes > 10 && maxBytes < 13 ? 10 : maxBytes;
    expect(Buffer.byteLength(body)).toBe(whole);
    expect(text.endsWith(body)).toBe(true);
  }
  expect(tail(text, 23)).toBe(text);
});
