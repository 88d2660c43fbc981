import { readFileSync } from 'node:fs';
import { runInThisContext } from 'node:vm';
import remapping from '@jridgewell/remapping';
import { eachMapping, originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { transform } from '../../src/instrument/transform.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const wordAt = (text: string, line: number, column: number) =>
  /^(?:[\p{ID_Continue}$]+|[^])/u.exec(text.split('\n')[line - 1]!.slice(column))?.[0] ?? '';

describe('every mapped place is the same word in both texts', () => {
  test.each([
    ['a test file', 'a.ts', read('./behaviour.test.ts')],
    ['CRLF', 'a.ts', read('./run.ts').replaceAll('\n', '\r\n')],
    ['beyond ASCII', 'a.js', 'const 𝒳 = "💥é"; f(await 𝒳, "é", g()?.h.then(𝒳), 𝒳);\nawait ü;'],
    ['resources', 'a.js', '{ await using a = f(b), c = d(e); for (await using x of y) z(x); }'],
  ])('%s', (_, file, code) => {
    const done = transform(code, { file })!;
    const map = new TraceMap(done.map.toString());
    const words = new Set<string>();
    const wrong: string[] = [];
    eachMapping(map, ({ generatedLine, generatedColumn, originalLine, originalColumn }) => {
      const word = wordAt(code, originalLine!, originalColumn!);
      const found = wordAt(done.code, generatedLine, generatedColumn);
      words.add(word);
      // What was rewritten starts where the original started.
      if (found !== word && !/^(?:\?|await|,)$/.test(word)) wrong.push(`${word} is now ${found}`);
    });
    expect(wrong).toEqual([]);
    const all = [...code.matchAll(/[\p{ID_Continue}$]+/gu)].map(([word]) => word);
    expect(all.filter((word) => !words.has(word) && word !== 'using')).toEqual([]);
    expect(map.sources).toEqual([file]);
    expect(map.sourcesContent).toEqual([code]);
  });
});

test('nothing that was added is mapped to anything', () => {
  const code = 'await a';
  const done = transform(code, { file: 'a.js' })!;
  const map = new TraceMap(done.map.toString());
  const lines = done.code.split('\n');
  for (let line = 2; line <= lines.length; line += 1) {
    expect(originalPositionFor(map, { line, column: 10 }).source).toBeNull();
  }
});

const throwing = `{ const await_ = 1;
const fail = (what) => { throw new Error(what) }; const later = async (v) => v;
class Deep { p = later(this); async go(k) { await later(k); return this.p?.self?.().then(fail) ?? await fail('deep ' + k) } }
globalThis.results = [
  (async () => { const a = await later(1), b = await later(2); fail('sync ' + a + b) })(),
  later('then').then((v) => v).then((v) => fail(v)).finally(() => {}),
  (async () => { for await (const x of [later(1)]) { await x; fail('loop') } })(),
  new Deep().go(await_),  Promise.resolve().then(() => new Deep().go('x')), null?.x.then(fail),
  (async () => { await later(0); [1, 2].map((v) => later(fail('é💥' + v)).catch(fail)) })(),
]; }`;

test('stack traces point where they pointed', async () => {
  const stacksOf = async (code: string, map?: TraceMap) => {
    runInThisContext(code, { filename: 'case.js' });
    const { results } = globalThis as unknown as { results: Promise<unknown>[] };
    const settled = await Promise.allSettled(results);
    return settled.map((result) => {
      if (result.status === 'fulfilled') return 'fulfilled';
      const frames = ((result.reason as Error).stack ?? '').matchAll(/case\.js:(\d+):(\d+)/g);
      return [...frames].map(([, line, column]) => {
        const at = { line: Number(line), column: Number(column) - 1 };
        const found = map ? originalPositionFor(map, at) : at;
        return `${found.line}:${found.column}`;
      });
    });
  };
  const done = transform(throwing, { file: 'case.js' })!;
  const original = await stacksOf(throwing);
  expect(original.flat().length).toBeGreaterThan(8);
  expect(await stacksOf(done.code, new TraceMap(done.map.toString()))).toEqual(original);
});

test("sites and maps reach the user's TypeScript through the compiler's map", () => {
  const source = `import type { A } from './a';
interface Store { rows: A[] }
// a comment that is dropped

export class Repo<T extends A> {
  private rows: Store = { rows: [] };
  // straddle: load
  async load(id: number): Promise<T> { const row = (await this.find<T>(id))!; return row as T; }
  find<U>(id: number): Promise<U> { return Promise.resolve(this.rows as unknown as U).then((all: U) => all); }
}
`;
  const compiled = ts.transpileModule(source, {
    fileName: '/project/src/repo.ts',
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      sourceMap: true,
      removeComments: true,
      inlineSources: true,
    },
  });
  const map = JSON.parse(compiled.sourceMapText!) as Record<string, unknown>;
  const done = transform(compiled.outputText, {
    file: '/project/src/repo.ts',
    root: '/project',
    map: () => map as never,
  })!;
  const lines = source.split('\n');
  expect(done.code.match(/\{"file".*(?=,\n)/g)!.map((row) => JSON.parse(row) as unknown)).toEqual([
    {
      file: 'src/repo.ts',
      line: 8,
      column: lines[7]!.indexOf('await') + 1,
      text: 'this.find(id)',
      fn: 'Repo.load',
      name: 'load',
    },
    {
      file: 'src/repo.ts',
      line: 9,
      column: lines[8]!.indexOf('then') + 1,
      text: 'Promise.resolve(this.rows).then(…)',
      fn: 'Repo.find',
    },
  ]);
  const whole = new TraceMap(remapping([done.map.toString(), map as never], () => null) as never);
  const row = done.code.split('\n').findIndex((line) => line.includes('this.find(id)'));
  const column = done.code.split('\n')[row]!.indexOf('this.find');
  expect(originalPositionFor(whole, { line: row + 1, column })).toMatchObject({
    line: 8,
    column: lines[7]!.indexOf('this.find'),
  });
});

test('code that a compiler added belongs to the code before it', () => {
  const map = { version: 3 as const, names: [], sources: ['b.ts'], sourcesContent: ['\n\nuser()'], mappings: 'AAEA' };
  const done = transform('user();\nawait helper();', { file: '/p/a.js', root: '/p', map: () => map })!;
  expect(done.code).toContain('{"file":"b.ts","line":3,"column":1,"text":"helper()","fn":""}');
});
