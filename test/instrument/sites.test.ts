import { describe, expect, test } from 'vitest';
import { transform } from '../../src/instrument/transform.ts';
import type { Site } from '../../scheduler/point.ts';

/** The table of sites that the code carries. */
function sitesOf(code: string, file = 'src/a.ts', options: { root?: string } = {}): Site[] {
  const rows = transform(code, { file, ...options })!
    .code.split('\n')
    .filter((line) => line.startsWith('  {"file"'));
  return rows.map((row) => JSON.parse(row.replace(/,$/, '')) as Site);
}

describe('the enclosing function', () => {
  test.each([
    ['await x', ''],
    ['async function load() { await x }', 'load'],
    ['const load = async () => { await x }', 'load'],
    ['let load; load = async function () { await x }', 'load'],
    ['exports.load = async () => { await x }', 'load'],
    ['const api = { load: async () => { await x } }', 'load'],
    ['const api = { async load() { await x } }', 'load'],
    ['const api = { "to load": async () => { await x } }', 'to load'],
    ['const api = { async [load]() { await x } }', ''],
    ['class Api { async load() { await x } }', 'Api.load'],
    ['class Api { static load = async (): Promise<void> => { await x } }', 'Api.load'],
    ['class Api { async #load() { await x } }', 'Api.#load'],
    ['class Api { loading = x.then(y) }', 'Api.loading'],
    ['const Api = class { async load() { await x } }', 'Api.load'],
    ['export default class { async load() { await x } }', 'default.load'],
    ['export default async () => { await x }', 'default'],
    ['const { load = async () => { await x } } = api', 'load'],
    ['async function all() { items.map(async (item) => { await x }) }', 'all'],
    ['test("loads", async () => { await x })', ''],
    ['class Api { async load() { const helper = async () => { await x } } }', 'helper'],
    ['class Api { load() { return { async next() { await x } } } }', 'next'],
  ])('%s → %s', (code, fn) => {
    expect(sitesOf(code).map((site) => site.fn)).toEqual([fn]);
  });
});

test('line and column count from 1 and point at the keyword or the method', () => {
  const code = 'await a;\r\n  await b;\r\n\tx\r\n    .then(y); // é\r\nfor await (const 𝒳 of "𝒳") await 𝒳;\r\n';
  expect(sitesOf(code).map(({ line, column, text }) => `${line}:${column} ${text}`)).toEqual([
    '1:1 a',
    '2:3 b',
    '4:6 x.then(…)',
    '5:1 "𝒳"',
    '5:30 𝒳',
  ]);
});

test('long expressions are cut, line breaks become spaces', () => {
  const [short, long] = sitesOf(`await read(\n  a,\n  b,\n); await ${'a'.repeat(200)}`);
  expect(short!.text).toBe('read( a, b, )');
  expect(long!.text).toBe(`${'a'.repeat(79)}…`);
});

test('paths are relative to the root, with forward slashes', () => {
  const fileOf = (file: string, root: string) => sitesOf('await x', file, { root })[0]!.file;
  expect(fileOf('/project/src/a.ts', '/project')).toBe('src/a.ts');
  expect(fileOf('/project/node_modules/p/a.js', '/project/packages/b')).toBe('../../node_modules/p/a.js');
  expect(fileOf('virtual:a', '/project')).toBe('virtual:a');
});

describe('a comment names a point', () => {
  const named = (code: string) =>
    sitesOf(code).flatMap(({ text, name }) => (name === undefined ? [] : [`${text}: ${name}`]));

  test.each([
    ['before a statement', '// straddle: read\nconst a = await b; await c;', 'b: read'],
    ['with spaces and words', '  //   straddle:   add wins  \r\nawait b', 'b: add wins'],
    ['as a block', 'const a = /* straddle: read */ await b', 'b: read'],
    ['before for await', '// straddle: next\nfor await (const x of y) await z', 'y: next'],
    ['before a reaction', '// straddle: late\nsave().then(done)', 'save().then(…): late'],
    ['over a line', '// straddle: read\n\nconst a =\n  await b;', 'b: read'],
    ['the last one counts', '// straddle: one\n// straddle: two\nawait b', 'b: two'],
    ['each its own', '// straddle: one\nawait b;\n// straddle: two\nawait c', 'b: one', 'c: two'],
    ['after the last point', 'await a\n// straddle: none'],
    ['behind code', 'f(); // straddle: none\nawait b'],
    ['another word', '// straddler: none\nawait b'],
  ])('%s', (_, code, ...names) => {
    expect(named(code)).toEqual(names);
  });
});
