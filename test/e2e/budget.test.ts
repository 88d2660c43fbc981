import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parseDocument } from '../../src/report/files.ts';
import { execute, project } from '../vitest/project.ts';

const main = resolve('dist/src/cli/main.js');
/** More orders than anybody runs. */
const LARGE = `
import { expect, test } from 'vitest';
import { steps } from './helper.js';
const io = () => new Promise((resolve) => setTimeout(resolve, 1));
test('large', async () => {
  const log = [];
  const task = async (name) => { for (let i = 0; i < steps; i++) { await io(); log.push(name); } };
  await Promise.all(['a', 'b', 'c'].map(task));
  expect(log.length).toBe(3 * steps);
});
`;
const SMALL = `
import { expect, test } from 'vitest';
test('small', async () => { expect(await Promise.resolve(1)).toBe(1); });
`;
const DEPENDENT = `
import { expect, test } from 'vitest';
import { writer } from './writer.js';
test('dependent', async () => {
  const { lines, write } = writer((line) => new Promise((resolve) => setTimeout(resolve, line.length)));
  await Promise.all([write('a'), write('b')]);
  expect(lines.join('')).toBe('ab');
});
`;
const WRITER = `
export function writer(io) {
  const lines = [];
  return { lines, write: async (line) => { await io(line); lines.push(line); } };
}
`;

test('a budget is spent on what fails first, then on what is new or changed, then on the rest', async () => {
  const folder = project({
    'vitest.config.js': `export default { test: { fileParallelism: false, isolate: false, pool: 'threads' } };`,
    'a-small.test.js': SMALL,
    'b-known.test.js': LARGE,
    'c-dependent.test.js': DEPENDENT,
    'd-changed.test.js': LARGE.replace('helper', 'other'),
    'writer.js': WRITER,
    'helper.js': `export const steps = 4;`,
    'other.js': `export const steps = 4;`,
  });
  const straddle = (...args: string[]): ReturnType<typeof execute> => execute(folder, main, ['explore', ...args]);
  const executionsOf = ({ stdout }: { stdout: string }): Record<string, number> =>
    Object.fromEntries(parseDocument(stdout, 'stdout').tests.map(({ file, report }) => [file, report.executions]));

  // Everything is new, and found out about.
  const first = await straddle('--runs', '40', '--seed', '1');
  expect(first.code).toBe(1);
  expect(first.stdout).toMatch(/› dependent\n {2}It failed in 1 of \d+ executions \(95 % interval \d/);
  expect(first.stdout).toMatch(
    /for the test of which least is known\n {2}[bd]-\S+ › large\n {4}None of 39 executions drawn/,
  );
  const { files } = JSON.parse(readFileSync(join(folder, '.straddle/explored.json'), 'utf8')) as {
    files: Record<string, { imports: string[]; tests: Record<string, { at: string; undecided: number }> }>;
  };
  expect(files['b-known.test.js']).toMatchObject({ imports: ['helper.js'], tests: { large: { undecided: 1 } } });
  expect(files['a-small.test.js']!.tests['small']!.undecided).toBe(0);

  writeFileSync(join(folder, 'other.js'), `export const steps = 5;`);
  writeFileSync(join(folder, 'e-new.test.js'), LARGE);
  const order = ['c-dependent', 'd-changed', 'e-new', 'b-known', 'a-small'].map((name) => `${name}.test.js`);
  if (process.env['STRADDLE_DEEP'] !== undefined) {
    const spent = executionsOf(await straddle('--budget', '15s', '--runs', '1000000', '--json'));
    expect(Object.keys(spent)).toEqual(order);
    expect(spent['e-new.test.js']).toBeGreaterThan(2 * spent['b-known.test.js']!);
    writeFileSync(join(folder, 'other.js'), `export const steps = 6;`);
    writeFileSync(join(folder, 'e-new.test.js'), `${LARGE}\n`);
  }

  // No time at all: as without straddle, but for what has failed before.
  const { stdout, code } = await straddle('--budget', '1ms');
  expect(stdout).toMatch(
    /\n1 test depends on the order\n[^]*\n0 independent of the order, 1 with one order only, 3 run in natural order only\n$/,
  );
  expect(code).toBe(1);
  const left = parseDocument(readFileSync(join(folder, '.straddle/last.json'), 'utf8'), 'last.json');
  expect(left.complete).toBe(false);
  expect(left.tests.map(({ file }) => file)).toEqual(order);
}, 60_000);
