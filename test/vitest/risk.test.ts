import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Explored } from '../../src/store/explored.ts';
import type { Entry } from '../../src/store/store.ts';
import { fileShare, testShare, type Budget } from '../../src/vitest/budget.ts';
import { planOf } from '../../src/vitest/risk.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'straddle-risk-'));
  for (const name of ['a', 'b', 'c', 'd', 'used']) writeFileSync(join(root, name), name);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const files = ['a', 'b', 'c', 'd'].map((file) => ({ file, project: '' }));
const orderOf = (failures: readonly Entry[] = []): string[] =>
  planOf(files, failures, new Explored(root)).map(({ file }) => file);
const failing = (file: string, name: string): Entry => ({
  test: { file, name, by: 'explore' },
  failures: [{ token: 'st1.x', kind: 'error', message: 'm', reach: 'today' }],
});

/** All four are known: explored on this day of a month, with so much undecided. */
function remember(known: Record<string, [day: number, undecided: number]>): void {
  const explored = new Explored(root);
  for (const [file, [day, undecided]] of Object.entries(known)) {
    explored.note(file, '', file === 'a' ? ['used'] : [], { one: { at: `2024-01-0${day}`, undecided } });
  }
  explored.write();
}

describe('the order in which a budget is spent', () => {
  test('of files that nothing is known of is the order of their names', () => {
    expect(orderOf()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('failing, changed, most undecided, longest ago, every schedule run', () => {
    remember({ a: [1, 2], b: [2, 2], c: [1, 5], d: [1, 0] });
    expect(orderOf()).toEqual(['c', 'a', 'b', 'd']);
    writeFileSync(join(root, 'b'), 'changed');
    expect(orderOf()).toEqual(['b', 'c', 'a', 'd']);
    expect(orderOf([failing('d', 'one')])).toEqual(['d', 'b', 'c', 'a']);
  });

  test('a file has changed if one that it imports has, or is gone', () => {
    remember({ a: [1, 1], b: [1, 1], c: [1, 1], d: [1, 1] });
    writeFileSync(join(root, 'used'), 'changed');
    expect(orderOf()[0]).toBe('a');
    rmSync(join(root, 'used'));
    expect(orderOf()[0]).toBe('a');
    writeFileSync(join(root, 'used'), 'used');
    expect(planOf(files, [], new Explored(root)).map(({ weight }) => weight)).toEqual([1, 1, 1, 1]);
  });

  test('a test that has run in natural order only is still new, and does not make an explored one new', () => {
    remember({ a: [1, 1], b: [1, 1], c: [1, 1], d: [1, 1] });
    const explored = new Explored(root);
    explored.note('d', '', [], { one: { at: '', undecided: 1 }, two: { at: '', undecided: 1 } });
    const [first] = planOf(files, [], explored);
    expect(first).toEqual({ file: 'd', project: '', weight: 5, tests: { one: 1, two: 4 } });
  });

  test('a memory that is torn, of another version or not there counts as empty', () => {
    remember({ a: [1, 1], b: [1, 1], c: [1, 1], d: [1, 1] });
    const path = join(root, '.straddle/explored.json');
    const whole = readFileSync(path, 'utf8');
    for (const text of [
      whole.slice(0, 50),
      whole.replace('"straddle": 1', '"straddle": 2'),
      '[]',
      'null',
      '{"straddle":1,"files":{"a":null}}',
    ]) {
      writeFileSync(path, text);
      expect(new Explored(root).unchanged('a')).toBeUndefined();
    }
  });
});

describe('the shares', () => {
  const planned = (...weights: number[]): Budget => ({
    until: 1000,
    workers: 1,
    files: weights.map((weight, i) => ({ file: `${i}`, project: '', weight, tests: {} })),
  });

  test('are by weight, and what one leaves over goes to those after it', () => {
    const budget = planned(8, 4, 4);
    expect(fileShare(budget, '0', '', 0)).toBe(500);
    expect(fileShare(budget, '1', '', 500)).toBe(250);
    expect(fileShare(budget, '1', '', 100)).toBe(450);
    expect(fileShare(budget, '2', '', 100)).toBe(900);
    expect(fileShare(budget, '2', '', 1001)).toBe(0);
  });

  test('are larger with more workers, and never more than what is left', () => {
    expect(fileShare({ ...planned(1, 1, 1, 1), workers: 2 }, '0', '', 0)).toBe(500);
    expect(fileShare({ ...planned(1, 1), workers: 4 }, '0', '', 0)).toBe(1000);
    expect(fileShare(planned(0, 0), '1', '', 0)).toBe(1000);
  });

  test('of tests are by weight among those of their file that are still to come; an unlisted one is new', () => {
    const file = { file: 'a', project: '', weight: 5, tests: { known: 1, failing: 8 } };
    expect(testShare(900, 'known', ['known', 'failing'], file)).toBe(100);
    expect(testShare(800, 'failing', ['failing'], file)).toBe(800);
    expect(testShare(1000, 'new', ['new', 'known'], file)).toBe(800);
    expect(testShare(-5, 'new', ['new'], file)).toBe(0);
  });
});
