import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { transform } from '../../src/instrument/transform.ts';
import { body, instrumented } from './run.ts';

test('all that an instrumented module carries', () => {
  const code = `#!/usr/bin/env node
'use strict';
// straddle: read
for await (const row of rows()) await save(row)?.then(done).catch(fail);
{ await using file = await open(); }
// the end`;
  expect(instrumented(code, 'src/a.ts')).toMatchInlineSnapshot(`
    "#!/usr/bin/env node
    'use strict';
    // straddle: read
    for await (const row of __straddle_each(rows(), 0)) await __straddle_hop(__straddle_value(null == (__straddle_link = __straddle_reaction(save(row), 3)) ? void 0 : __straddle_reaction(__straddle_link.then(done), 2).catch(fail)), 1);
    { const file = await __straddle_hop(open(), 5); await using __straddle_resource4 = __straddle_disposal(file, 4);; }
    // the end
    /* straddle */ var __straddle_slot, __straddle_table, __straddle_link, __straddle_self;
    function __straddle_site(index) { return (__straddle_table ??= [
      {"file":"src/a.ts","line":4,"column":1,"text":"rows()","fn":"","name":"read"},
      {"file":"src/a.ts","line":4,"column":33,"text":"save(row)?.then(done).catch(fail)","fn":""},
      {"file":"src/a.ts","line":4,"column":61,"text":"save(row)?.then(done).catch(…)","fn":""},
      {"file":"src/a.ts","line":4,"column":50,"text":"save(row).then(…)","fn":""},
      {"file":"src/a.ts","line":5,"column":15,"text":"await open()","fn":""},
      {"file":"src/a.ts","line":5,"column":22,"text":"open()","fn":""},
    ])[index]; }
    function __straddle_hook() {
      return (__straddle_slot ??= globalThis[globalThis.Symbol.for('straddle.slot.v1')] ??= { hook: undefined }).hook;
    }
    function __straddle_hop(value, index) {
      const hook = __straddle_hook();
      return hook === undefined ? value : hook.hop(value, __straddle_site(index));
    }
    function __straddle_reaction(value, index) {
      const hook = __straddle_hook();
      if (hook === undefined || typeof value !== 'object' || value === null) return value;
      const { Object, Promise } = globalThis;
      if (Object.getPrototypeOf(value) !== Promise.prototype) return value;
      if (['then', 'catch', 'finally', 'constructor'].some((own) => Object.hasOwn(value, own))) return value;
      return hook.hop(value, __straddle_site(index));
    }
    function __straddle_each(source, index) {
      if (__straddle_hook() === undefined || source === null || source === undefined) return source;
      const { Object, Reflect, Symbol } = globalThis;
      const asyncOpen = source[Symbol.asyncIterator];
      const isAsync = asyncOpen !== undefined && asyncOpen !== null;
      const open = isAsync ? asyncOpen : source[Symbol.iterator];
      if (typeof open !== 'function') return source;
      return {
        [isAsync ? Symbol.asyncIterator : Symbol.iterator]() {
          const inner = Reflect.apply(open, source, []);
          if (Object(inner) !== inner) return inner;
          const { next } = inner;
          const result = isAsync
            ? (method) => __straddle_hop(Reflect.apply(method, inner, []), index)
            : (method) => {
                const step = Reflect.apply(method, inner, []);
                if (Object(step) !== step) return step;
                return { done: step.done, value: __straddle_hop(step.value, index) };
              };
          return {
            next: () => result(next),
            get return() {
              const close = inner.return;
              return close === undefined || close === null ? close : () => result(close);
            },
          };
        },
      };
    }
    function __straddle_disposal(resource, index) {
      if (__straddle_hook() === undefined || resource === null || resource === undefined) return resource;
      const { Reflect, Symbol } = globalThis;
      const dispose = resource[Symbol.asyncDispose];
      if (typeof dispose !== 'function') return resource;
      return { [Symbol.asyncDispose]: () => __straddle_hop(Reflect.apply(dispose, resource, []), index) };
    }
    function __straddle_value(value) { return value; }
    "
  `);
});

test.each([
  ['TypeScript', 'a.ts', 'const x = async <T,>(v: T) => (await (v as unknown as P))!; enum E { A }'],
  ['types in chains', 'a.ts', 'a?.b!.then<number>(f); <P>x.then(f); (x as P)?.m!.catch(f); o.m?.<T>(x).then(f)'],
  ['CommonJS TypeScript', 'a.cts', 'import a = require("a"); export = async () => { await a }'],
  ['JSX', 'a.jsx', 'const a = <A b={async () => { await c }}>await d.then(e)</A>'],
  ['TSX', 'a.tsx', 'const a = <A<T> b={async (): Promise<void> => { await c }} />'],
  ['JSX in .js', 'a.js', '<a>{await b}</a>'],
  ['decorators', 'a.ts', '@dec(await a) class A { @b.then(c) @(d.then(e)) m(@p q) {} accessor r = s.then(t) }'],
  [
    'imports and exports',
    'a.js',
    'import a from "a" with { type: "json" }; export default await a; export * from "b"; import("c").then(d)',
  ],
  ['directives', 'a.js', '"use client"; "use strict"; await a'],
  ['a return at the top', 'a.js', 'if (x) return; x.then(y)'],
  ['await as a name', 'a.cjs', 'var await = 1; await + x.then(y)'],
  ['a byte order mark', 'a.js', '\ufeffawait a'],
  ['sloppy code', 'a.cjs', 'with (a) b.then(c); var d = 010;'],
  [
    'what Vitest moves',
    'a.test.ts',
    'const a = await vi.hoisted(async () => { await b }); vi.mock(await import("./c"), async () => await d); await vi.doMock("e")',
  ],
  [
    'super, new and references',
    'a.js',
    'class A extends B { then() { super.then(); new x.then(y); x.then; x.then`y`; delete x?.y.then(z).w } }',
  ],
])('%s', (_, file, code) => {
  expect(body(code, file)).toMatchSnapshot();
});

describe('left alone', () => {
  test.each([
    ['no point', 'const a = 1; try { f() } catch {} finally {}'],
    ['words only', '"await a.then(b)" // a.catch(b)'],
    ['instrumented before', instrumented('await a')],
    ['instrumented before, taken names', instrumented('__straddle_hop(await a)')],
  ])('%s', (_, code) => {
    expect(transform(code, { file: 'a.js' })).toBeNull();
  });
});

test('no line moves', () => {
  const code = readFileSync(new URL('./behaviour.test.ts', import.meta.url), 'utf8');
  const lines = body(code, 'behaviour.test.ts').split('\n');
  const original = code.trimEnd().split('\n');
  expect(lines).toHaveLength(original.length);
  expect(lines.map((line) => line.replace(/__straddle\d*_\w+\(|, \d+\)|\)/g, ''))).toEqual(
    original.map((line) => line.replace(/, \d+\)|\)/g, '')),
  );
});

test('a file that does not parse is named in one sentence', () => {
  const broken = () => transform('const a = 1;\n  await (;', { file: 'src/a.ts' });
  expect(broken).toThrow(expect.objectContaining({ name: 'StraddleError', kind: 'parse' }) as Error);
  expect(broken).toThrow(/^src\/a\.ts:2:10 does not parse: [^.]+\.$/);
});

test("the host's parser comes first, straddle's own where the host does not know the syntax", () => {
  const parse = () => {
    throw new Error('plain JavaScript only');
  };
  expect(transform('await <A />', { file: 'a.jsx', parse })?.code).toContain('await __straddle_hop(<A />, 0)');
});
