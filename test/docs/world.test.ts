import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const page = readFileSync('docs/world.md', 'utf8');
/** Rows of the tables, without heads and rules. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\| (?:---|What )/.test(line))
  .map((line) => line.slice(1, -1).split(' | '))
  .map(([what = '', , shown = '']) => {
    const [, file = '', name = ''] = /\]\(\.\.\/(test\/[^)]+)\): `([^`]+)`\s*$/.exec(shown) ?? [];
    return { what: what.trim(), file, name };
  });

describe('docs/world.md', () => {
  test('has a table', () => expect(rows.length).toBeGreaterThan(25));

  test.each(rows)('$what is held by a test', ({ file, name }) => {
    expect(file, 'a row ends with [file](../test/…): `name of the test`').not.toBe('');
    expect(existsSync(file), file).toBe(true);
    const text = readFileSync(file, 'utf8');
    const call = /\b(?:test(?:\.each\([^)]*\)+)?|it|sameAsNode)\(\s*(['"`])/g;
    const names = [...text.matchAll(call)].map(({ index, 0: head, 1: quote }) => {
      const from = index + head.length;
      return text.slice(from, text.indexOf(quote!, from));
    });
    expect(
      names.some((one) => one.includes(name)),
      `${file} has a test named: ${name}`,
    ).toBe(true);
  });
});
