import { readFileSync } from 'node:fs';
import remapping from '@jridgewell/remapping';
import { eachMapping, originalPositionFor, TraceMap, type SourceMapInput } from '@jridgewell/trace-mapping';
import MagicString from 'magic-string';
import { transformSync } from 'rolldown/utils';
import { describe, expect, test } from 'vitest';
import { transform } from '../../src/instrument/transform.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const PROGRAMS: [string, string][] = [
  ['a test file', read('./behaviour.test.ts')],
  ['a file of the engine', read('../../scheduler/control.ts')],
  ['CRLF', read('./run.ts').replaceAll('\n', '\r\n')],
  ['beyond ASCII', 'const 𝒳 = "💥é"; f(await 𝒳, "é", g()?.h.then(𝒳), 𝒳);\nawait ü; export {};'],
  ['resources', '{ await using a = f(b), c = d(e); for (await using x of y) z(x); }'],
  ['links in several lines', 'a?.b?.\n(1)\n  .c(2).then(d)\n  .catch(await e); f\n?.\n(3).finally(g); await h'],
];

type Joined = Exclude<Parameters<typeof remapping>[0], readonly unknown[]>;
const joined = (...maps: unknown[]) => remapping(maps as Joined[], () => null) as unknown as SourceMapInput;

/** Everything that the slow way maps, the quick one maps to the same place. */
function expectSame(quick: SourceMapInput, slow: SourceMapInput): void {
  const trace = new TraceMap(quick);
  const wrong: unknown[] = [];
  let places = 0;
  eachMapping(new TraceMap(slow), ({ generatedLine: line, generatedColumn: column, originalLine, originalColumn }) => {
    places++;
    const found = originalPositionFor(trace, { line, column });
    if (found.line !== originalLine || found.column !== originalColumn)
      wrong.push({ at: [line, column], found: [found.line, found.column], wanted: [originalLine, originalColumn] });
  });
  expect(wrong).toEqual([]);
  expect(places).toBeGreaterThan(5);
}

describe.each(PROGRAMS)('maps are carried over an instrumented text as joining them does: %s', (_, code) => {
  test('the map of a compiler before', () => {
    const compiled = transformSync('module.ts', code, { target: 'esnext', sourcemap: true });
    const done = transform(compiled.code, { file: 'module.js' })!;
    const known = compiled.map as unknown as SourceMapInput;
    expectSame(done.shifts.forward(known) as SourceMapInput, joined(JSON.parse(done.map.toString()), known));
  });

  test('the map of another tool after', () => {
    const done = transform(code, { file: 'module.ts' })!;
    const later = new MagicString(done.code);
    // As Vite does with what is imported, and with what it puts before a module.
    for (const { index, 0: word } of done.code.matchAll(/\b(?:f|expect|this|code)\b/g))
      later.update(index, index + word.length, `(0,__vi_import_0__.${word})`);
    later.prepend('const __vi_import_0__ = await __vi_import__("x");');
    const map = later.generateMap({ hires: 'boundary' });
    expectSame(
      done.shifts.backward(map as SourceMapInput) as SourceMapInput,
      joined(JSON.parse(map.toString()), JSON.parse(done.map.toString())),
    );
  });
});
