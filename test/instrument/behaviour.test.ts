import { describe, expect, test } from 'vitest';
import { expectSame, instrumented, run } from './run.ts';

/** Name, program, and the text of every scheduling point in the order in which it is met. */
type Case = [name: string, program: string, ...points: string[]];

const later = 'const later = (value) => Promise.resolve(value);';

const awaits: Case[] = [
  ['a value', 'log(await 1)', '1'],
  ['a promise', `${later} log(await later(2))`, 'later(2)'],
  ['a rejection', 'try { await Promise.reject(3) } catch (error) { log(error) }', 'Promise.reject(3)'],
  ['a thenable', 'log(await { then(done) { done(4) } })', '{ then(done) { done(4) } }'],
  ['an await', `${later} log(await await later(5))`, 'later(5)', 'await later(5)'],
  ['a sequence', 'log(await (log(1), 2))', 'log(1), 2'],
  [
    'right after the keyword',
    'log(await[1], await"s", await/x/.source, await{}, await(2))',
    '[1]',
    '"s"',
    '/x/.source',
    '{}',
    '2',
  ],
  ['an arrow in parentheses', 'log(typeof await (() => 1))', '() => 1'],
  ['a comment in between', 'log(await /* one */ 1 // two\n)', '1'],
  ['over several lines', 'log(await\n  Promise\n    .resolve(1))', 'Promise .resolve(1)'],
  ['without semicolons', 'let a = 1\nawait a\nlog(a)\nawait [a]\nlog(2)', 'a', '[a]'],
  ['arguments, left to right', `${later} log(log(1), await later(2), log(3))`, 'later(2)'],
  ['a template', 'log(`${await 1}-${await 2}`)', '1', '2'],
  [
    'a yield in parentheses',
    'async function* g() { log(await (yield 1)) } const i = g(); await i.next(); await i.next(5)',
    'i.next()',
    'yield 1',
    'i.next(5)',
  ],
  ['a class field', 'class A { f = async () => log(await 1) } await new A().f()', '1', 'new A().f()'],
  ['a static block', 'class A { static { (async () => log(await 1))() } } await 0', '1', '0'],
  ['a computed key', 'const k = "x"; log({ [await k]: 1 })', 'k'],
  ['in optional arguments', 'const o = null; log(o?.f(await 1))'],
  ['a getter', 'let n = 0; const o = { get x() { return ++n } }; log(await o.x, n)', 'o.x'],
  ['exponent and unary operators', 'log((await 2) ** 2, -await 3, !await 0)', '2', '3', '0'],
];

const loops: Case[] = [
  [
    'an array',
    'for await (const x of [1, Promise.resolve(2)]) log(x)',
    ...Array<string>(3).fill('[1, Promise.resolve(2)]'),
  ],
  ['a generator', 'async function* g() { yield 1; yield 2 } for await (const x of g()) log(x)', 'g()', 'g()', 'g()'],
  [
    'a break',
    'async function* g() { try { yield 1 } finally { log("closed") } } for await (const x of g()) break',
    'g()',
    'g()',
  ],
  [
    'a throw',
    'async function* g() { try { yield 1 } finally { log("closed") } } try { for await (const x of g()) throw 7 } catch (e) { log(e) }',
    'g()',
    'g()',
  ],
  [
    'no return method',
    'const i = { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false, value: 1 }) }) }; for await (const x of i) break',
    'i',
  ],
  [
    'a sync iterator that closes',
    'const i = { [Symbol.iterator]: () => ({ next: () => ({ value: 1 }), return(v) { log("closed", v, this.next !== undefined); return {} } }) }; for await (const x of i) break',
    'i',
    'i',
  ],
  [
    'a rejected element',
    'try { for await (const x of [Promise.reject(1)]) log(x) } catch (e) { log("caught", e) }',
    '[Promise.reject(1)]',
  ],
  ['labels', 'a: for await (const x of [1, 2]) { for (;;) { log(x); continue a } }', '[1, 2]', '[1, 2]', '[1, 2]'],
  ['a sequence', 'for await (const x of (log(0), [1])) log(x)', 'log(0), [1]', 'log(0), [1]'],
  ['right after the keyword', 'for await (const x of[1]) log(x)', '[1]', '[1]'],
  ['a declared target', 'let x; for await (x of [1]) ; log(x)', '[1]', '[1]'],
  ['nothing iterable', 'for await (const x of null) log(x)'],
  ['no iterator', 'for await (const x of { [Symbol.asyncIterator]: () => 1 }) log(x)'],
  [
    'no result',
    'for await (const x of { [Symbol.asyncIterator]: () => ({ next: () => 1 }) }) log(x)',
    '{ [Symbol.asyncIterator]: () => ({ next: () => 1 }) }',
  ],
];

const reactions: Case[] = [
  ['then', 'Promise.resolve(1).then(log)', 'Promise.resolve(1).then(…)'],
  ['two callbacks', 'Promise.reject(1).then(null, (e) => log("no", e))', 'Promise.reject(1).then(…)'],
  [
    'catch and finally',
    'Promise.reject(1).catch(log).finally(() => log(2))',
    'Promise.reject(1).catch(…)',
    'Promise.reject(1).catch(log).finally(…)',
  ],
  ['a computed name', 'Promise.resolve(1)["then"](log)', 'Promise.resolve(1).then(…)'],
  ['spread arguments', 'Promise.resolve(1).then(...[log])', 'Promise.resolve(1).then(…)'],
  ['a sequence', '(log(0), Promise.resolve(1)).then(log)', 'log(0), Promise.resolve(1).then(…)'],
  ['new', 'new Promise((done) => done(1)).then(log)', 'new Promise((done) => done(1)).then(…)'],
  [
    'the receiver first, then the arguments',
    '(log("a"), Promise.resolve(1)).then((log("b"), log))',
    'log("a"), Promise.resolve(1).then(…)',
  ],
  ['a kind of promise that is kept', 'class P extends Promise {} log(P.resolve(1).then(log) instanceof P)'],
  [
    'the kind that comes back',
    'log(Object.getPrototypeOf(Promise.resolve(1).then()) === Promise.prototype)',
    'Promise.resolve(1).then(…)',
  ],
  ['a method of its own', 'const o = { then(a, b) { return [this === o, arguments.length] } }; log(o.then(1, 2, 3))'],
  [
    'a promise with a method of its own',
    'const p = Object.assign(Promise.resolve(1), { catch() { return this === p } }); log(p.catch())',
  ],
  ['no such method', 'const o = {}; o.then()'],
  ['no receiver', 'let o; o.then(log("never"))'],
  [
    'super',
    'class P extends Promise { then(...all) { log("own"); return super.then(...all) } } log(await P.resolve(1))',
    'P.resolve(1)',
  ],
  [
    'a private method',
    'class A { #p = Promise.resolve(1); go() { return this.#p.then(log) } } new A().go()',
    'this.#p.then(…)',
  ],
  [
    'a getter once',
    'let n = 0; const o = { get p() { n++; return Promise.resolve(n) } }; await o.p.then(log); log(n)',
    'o.p.then(…)',
    'o.p.then(log)',
  ],
  [
    'in a static field',
    'class A { static p = Promise.resolve(1).then(log) } await A.p',
    'Promise.resolve(1).then(…)',
    'A.p',
  ],
  [
    'as a reference',
    'const { then } = Promise.prototype; log(typeof Promise.resolve(1).then, then.call(Promise.resolve(1)) instanceof Promise)',
  ],
  ['right after a keyword', 'const f = () => { return[1].then?.(1) }; log(f())'],
  [
    'a shadowed Promise',
    '{ const Promise = 1, Object = 2, Symbol = 3; (async () => 4)().then((v) => log(v, Promise)) }',
    '(async () => 4)().then(…)',
  ],
];

const maybe =
  'const maybe = (value) => value; const p = Promise.resolve(1); const o = { p, m(x) { log("m", x, this === o); return p }, get self() { log("self"); return this } };';

const chains: Case[] = [
  ['a receiver', `${maybe} maybe(p)?.then(log); log(maybe(null)?.then(log("never")))`, 'maybe(p).then(…)'],
  ['a method', `${maybe} p.then?.(log); log({}.then?.(log("never")))`, 'p.then(…)'],
  [
    'then catch',
    `${maybe} p?.then(log).catch(log); log(maybe(null)?.then().catch(log("never")))`,
    'p.then(…)',
    'p?.then(log).catch(…)',
  ],
  ['a member', `${maybe} o?.p.then(log); log(maybe(null)?.p.then(log("never")))`, 'o?.p.then(…)'],
  ['a missing member', `${maybe} o?.q.then(log("never"))`],
  ['a missing member, asked for', `${maybe} log(o?.q?.then(log("never")))`],
  [
    'a computed member',
    `${maybe} o?.["p"].then(log); o?.[log("p")]?.then(log)`,
    'o?.["p"].then(…)',
    'o?.[log("p")].then(…)',
  ],
  ['a call', `${maybe} const f = null, g = () => p; log(f?.().then(log("never"))); g?.().then(log)`, 'g?.().then(…)'],
  ['a method call', `${maybe} o.m?.(2).then(log); log(o.n?.(log("never")).then(log("never")))`, 'o.m?.(2).then(…)'],
  ['a method call without arguments', `${maybe} o.m?.().then(log)`, 'o.m?.().then(…)'],
  [
    'a method of what may be missing',
    `${maybe} o?.m?.(2).then(log); log(maybe(null)?.m?.(log("never")).then())`,
    'o?.m?.(2).then(…)',
  ],
  ['a method of a member', `${maybe} o?.self.m?.(2).then(log)`, 'o?.self.m?.(2).then(…)'],
  [
    'a method of a member that may be missing',
    `${maybe} o?.self?.self?.m?.(2)?.then?.(log)?.catch(log)`,
    'o?.self?.self?.m?.(2).then(…)',
    'o?.self?.self?.m?.(2)?.then?.(log).catch(…)',
  ],
  ['a computed method', `${maybe} o?.[log("m")]?.(...[2]).then(log)`, 'o?.[log("m")]?.(...[2]).then(…)'],
  [
    'a receiver in parentheses',
    `${maybe} (o).m?.(2).then(log); ((o))?.p.then(log); (o?.p).then(log)`,
    '(o).m?.(2).then(…)',
    '((o))?.p.then(…)',
    'o?.p.then(…)',
  ],
  [
    'a method whose getter does the same',
    `${maybe} const q = { get m() { o.m?.(1).then(log); return o.m } }; log(q.m?.call(o, 2).then(log) instanceof Promise)`,
    'o.m?.(1).then(…)',
    'q.m?.call(o, 2).then(…)',
  ],
  [
    'a method of a getter that does the same',
    `${maybe} const q = { get m() { o.m?.(1).then(log); return function () { log(this === q); return p } } }; q.m?.(2).then(log)`,
    'o.m?.(1).then(…)',
    'q.m?.(2).then(…)',
  ],
  [
    'arguments that do the same',
    `${maybe} o.m?.(o.m?.(1).then(log)).then(log)`,
    'o.m?.(1).then(…)',
    'o.m?.(o.m?.(1).then(log)).then(…)',
  ],
  ['an await in the arguments', `${maybe} o.m?.(await 2).then(log)`, '2', 'o.m?.(await 2).then(…)'],
  ['an await in the key', `${maybe} o[await "m"]?.(2).then(log)`, '"m"', 'o[await "m"]?.(2).then(…)'],
  [
    'a private method',
    `${maybe} class A { #m() { log(this instanceof A); return p } go(a) { return a?.#m?.().then(log) } } new A().go(new A()); log(new A().go(null))`,
    'a?.#m?.().then(…)',
  ],
  [
    'a method of super',
    `${maybe} class A { m() { log(this.x); return p } } class B extends A { x = 1; go() { return super.m?.().then(log) } } new B().go()`,
    'super.m?.().then(…)',
  ],
  ['what follows', `${maybe} log(o?.p.then(log).x?.y.z, maybe(null)?.p.then(log("never")).x.y)`, 'o?.p.then(…)'],
  ['a method taken from the chain', `${maybe} log(typeof (o?.p.then().then)(), delete o?.p.then().x)`],
  [
    'without semicolons',
    `${maybe}\nlet a = log\no?.p.then(a)\nlet b = a\no?.self.m?.(2).then(b)\n;[1].forEach(a)`,
    'o?.p.then(…)',
    'o?.self.m?.(2).then(…)',
  ],
  [
    'as a body',
    `${maybe} const f = (x) => x?.p.then(log); if (f(null)) log("never"); else o?.p.then(log), f(o)`,
    'o?.p.then(…)',
    'x?.p.then(…)',
  ],
  [
    'awaited',
    `${maybe} log(await o?.p.then((x) => x + 1), await maybe(null)?.p.then())`,
    'o?.p.then(…)',
    'o?.p.then((x) => x + 1)',
    'maybe(null)?.p.then()',
  ],
];

const programs: Case[] = [
  ['nothing to do', 'log(1); try { log(2) } catch { log(3) } finally { log(4) }'],
  ['words in strings and comments', 'log("await x.then()", `await`); // await x.then(y)\n/* for await (;;) */'],
  [
    'functions that run before the body',
    'log(await early()); async function early() { return await 1 }',
    '1',
    'early()',
  ],
  [
    'names that are taken',
    'const __straddle_hop = 1, __straddle1_site = 2; log(await __straddle_hop, __straddle1_site)',
    '__straddle_hop',
  ],
  ['CRLF', 'log(await 1)\r\n// a comment\r\nlog(await 2)\r\n', '1', '2'],
  ['beyond ASCII', 'const ä = "𝒳", 日本 = async (v) => v; log(await 日本(ä)) /* 💥 */', '日本(ä)'],
  ['an end without a line break', 'log(await 1) // the end', '1'],
  ['an unhandled path', 'const f = async () => { throw new TypeError("x") }; await f(); log("never")', 'f()'],
];

describe.each([
  ['await', awaits],
  ['for await', loops],
  ['then, catch, finally', reactions],
  ['optional chains', chains],
  ['programs', programs],
])('%s', (_, cases) => {
  test.each(cases)('%s', async (_name, program, ...points) => {
    const sites = await expectSame(program);
    expect(sites.map(({ text }) => text)).toEqual(points);
  });
});

test('two strands keep their order, tick by tick', async () => {
  const program = `
    const strand = async (name) => {
      for (let i = 0; i < 3; i++) log(name, await Promise.resolve(i).then((x) => x));
      for await (const x of [Promise.resolve(1), 2]) log(name, x);
      return Promise.resolve(name);
    };
    await Promise.all([strand('a').finally(() => log('f')), strand('b')?.then(log)]);`;
  const { log } = await run(program);
  const changed = instrumented(program);
  expect((await run(changed)).log).toEqual(log);
  expect((await run(changed, 'identity')).log).toEqual(log);
});

const disposes = (() => {
  try {
    return new Function('return async () => { await using x = null }') !== undefined;
  } catch {
    return false;
  }
})();

const resource =
  'const open = (name) => ({ name, async [Symbol.asyncDispose]() { log("close", this.name); } }); const sync = { [Symbol.dispose]() { log("sync") } };';

const disposals: Case[] = [
  ['one', `{ await using a = open(1); log(a.name) }`, 'open(1)'],
  [
    'several',
    `{ await using a = open(1), /* , */ b = await open(2)\nlog(b.name) }`,
    'open(2)',
    'await open(2)',
    'open(1)',
  ],
  ['sync, none', `{ await using a = sync, b = null, c = undefined; log(a === sync) }`],
  ['no resource', `{ await using a = {}; log("never") }`],
  ['a throw', `try { await using a = open(1); throw 2 } catch (e) { log(e) }`, 'open(1)'],
  ['a loop', `for (await using x of [open(1), open(2)]) log(x.name)`, 'x', 'x'],
  ['a loop that is left', `for (await using x of [open(1), open(2)]) { log(x.name); break }`, 'x'],
  ['for await', `for await (await using x of [open(1)]) log(x.name)`, '[open(1)]', 'x', '[open(1)]'],
  ['the head of a loop', `for (await using x = open(1); ; ) { log(x.name); break }`],
];

describe.runIf(disposes)('await using', () => {
  test.each(disposals)('%s', async (_, program, ...points) => {
    const sites = await expectSame(`${resource} ${program}`);
    expect(sites.map(({ text }) => text)).toEqual(points);
  });
});
