import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createFilter, unmatchedReport, type FilterOptions } from '../../src/instrument/filter.ts';

const files = [
  '/p/src/a.ts',
  '/p/src/a.test.ts',
  '/p/lib/.hidden/b.js',
  '/shared/c.ts',
  '/p/node_modules/queue/index.js',
  '/p/node_modules/.pnpm/queue@1/node_modules/queue/lib/q.js',
  '/node_modules/other/index.js',
];
const own = files.slice(0, 4);
const queue = files.slice(4, 6);

const cases: [string, FilterOptions, string[]][] = [
  ['everything but packages', {}, own],
  ['empty lists', { include: [], exclude: [] }, own],
  ['a folder', { include: 'src/**' }, files.slice(0, 2)],
  ['a folder, written with a dot', { include: './src/**' }, files.slice(0, 2)],
  ['a hidden folder', { include: '**/*.js' }, ['/p/lib/.hidden/b.js']],
  ['outside the root', { include: '../shared/**' }, ['/shared/c.ts']],
  ['an absolute path', { include: '/shared/*.ts' }, ['/shared/c.ts']],
  ['a package, wherever it lies', { include: 'node_modules/queue/**' }, [...own, ...queue]],
  ['a package only', { include: ['node_modules/queue/**'], exclude: '!**/node_modules/**' }, queue],
  ['all packages', { include: '**/node_modules/**' }, files],
  ['a package and a folder', { include: ['src/**', 'node_modules/queue/**'] }, [...files.slice(0, 2), ...queue]],
  ['without tests', { exclude: '**/*.test.ts' }, own.filter((file) => !file.includes('test'))],
  ['exclude is stronger', { include: ['src/**'], exclude: ['src/a.*'] }, []],
  [
    'part of a package',
    { include: 'node_modules/**', exclude: 'node_modules/queue/lib/**' },
    files.filter((file) => !file.includes('lib/q')),
  ],
];

test.each(cases)('%s', (_, options, expected) => {
  const filter = createFilter(options, '/p');
  expect(files.filter((file) => filter.matches(file))).toEqual(expected);
});

test('straddle is never instrumented', () => {
  const file = fileURLToPath(new URL('../../scheduler/scheduler.ts', import.meta.url));
  expect(createFilter({ include: '**' }, '/').matches(file)).toBe(false);
});

test('paths of Windows', () => {
  expect(createFilter({ include: '**/src/**' }, 'C:\\p').matches('C:\\p\\src\\a.ts')).toBe(true);
});

describe('globs that match nothing', () => {
  test('are named in one sentence each', () => {
    const filter = createFilter({ include: ['src/**', 'scr/**', 'node_modules/queeu/**'] }, '/p');
    for (const file of files) filter.matches(file);
    expect(unmatchedReport(filter)).toEqual([
      "The include glob 'scr/**' matched no file that was loaded.",
      "The include glob 'node_modules/queeu/**' matched no file that was loaded.",
    ]);
  });

  test('are not those that matched', () => {
    const filter = createFilter({ include: ['src/**'] }, '/p');
    filter.matches('/p/src/a.ts');
    expect(unmatchedReport(filter)).toEqual([]);
  });

  test('an empty glob is refused', () => {
    expect(() => createFilter({ exclude: '' }, '/p')).toThrow('An include or exclude glob is empty.');
  });
});
