import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instrumented, run } from './run.ts';

/** What every generated program has at hand. `link(n)` is an object, a function's result, or missing. */
const prelude = `
let count = 0;
const mark = (name, value) => { if (++count > 300) throw new RangeError('enough'); log(name); return value; };
const settled = (value) => Promise.resolve(value);
const refused = (value) => Promise.reject(value);
const link = (n) => n === 0 ? undefined : n === 1 ? null : {
  get p() { return mark('p', settled(n)); },
  get self() { return mark('self', this); },
  get none() { return undefined; },
  m(x) { return mark('m', n === 2 ? undefined : this.p.then?.(() => x)); },
};
const strands = [];
async function* values(...all) { try { for (const each of all) yield each; } finally { mark('closed'); } }
`;

/** Programs as text. Every part logs, so that any difference in order shows. */
const { block } = fc.letrec<{ expression: string; chain: string; statement: string; block: string }>((tie) => {
  const join = (template: string, ...parts: fc.Arbitrary<string>[]) =>
    fc.tuple(...parts).map((texts) => texts.reduce((text, part) => text.replace('§', () => part), template));
  const small = fc.nat(4).map(String);
  const name = fc.constantFrom("'a'", "'b'", "'c'");
  const link = fc.constantFrom('.p', '?.p', '.self', '?.self', '?.none', "['self']", "?.['p']");
  const links = fc.array(link, { maxLength: 3 }).map((all) => all.join(''));
  const react = fc.constantFrom('.then', '?.then', '.catch', '.finally', '?.finally', '.then?.', "?.['then']");
  const expression = tie('expression');
  const callback = fc.oneof(
    join('(v) => mark(§, v)', name),
    join('async () => §', expression),
    join('async () => (§)', expression),
    fc.constant('undefined'),
  );
  return {
    expression: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      small,
      join('mark(§, §)', name, expression),
      join('(await §)', expression),
      join('await settled(§)', expression),
      join('settled(§)§(§)', expression, react, callback),
      join('refused(§).catch(§)', small, callback),
      join('settled(§)§(§)§(§)', expression, react, callback, react, callback),
      tie('chain'),
      join('(§, §)', expression, expression),
      join('[§, §]', expression, expression),
      join('(§ || §)', expression, expression),
      join('`${typeof §}`', expression),
      join('await (async () => { § })()', tie('block')),
    ),
    chain: fc.oneof(
      { maxDepth: 3 },
      join('link(§)§§(§)', small, links, react, callback),
      join('link(§)§.m(§)§(§)', small, links, expression, react, callback),
      join('link(§)§?.m?.(§)§§(§)', small, links, expression, links, react, callback),
      join('link(§)§?.m?.(§)§(§)§(§)', small, links, expression, react, callback, react, callback),
      join('(link(§)§)§(§)', small, links, react, callback),
    ),
    statement: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      join('log(§);', expression),
      join('void (§);', expression),
      join('mark(§)\n§\n', name, tie('chain')),
      join('try { § } catch (e) { mark(e?.name ?? e); } finally { mark(§); }', tie('block'), name),
      join('for await (const x of [§, settled(§)]) { mark(§); § }', expression, small, name, tie('block')),
      join('for await (const x of values(§, §)) { if (x > 2) break; mark(§, x); }', small, expression, name),
      join('strands.push((async () => { § })().catch((e) => mark(e?.name ?? e)));', tie('block')),
      join('if (await §) { § } else §;', expression, tie('block'), expression),
    ),
    block: fc.array(tie('statement'), { minLength: 1, maxLength: 3 }).map((all) => all.join('\n')),
  };
});

test('any program does the same, tick by tick, as long as promises are handed back', async () => {
  let chains = 0;
  await fc.assert(
    fc.asyncProperty(block, async (text) => {
      const program = `${prelude} try { ${text} } catch (e) { mark(e?.name ?? e); }\nawait Promise.allSettled(strands);`;
      const changed = instrumented(program);
      chains += changed.includes('_value(') ? 1 : 0;
      const { log } = await run(program);
      expect((await run(changed)).log).toEqual(log);
      expect((await run(changed, 'identity')).log).toEqual(log);
      expect(instrumented(changed)).toBe(changed);
    }),
    { numRuns: 700 },
  );
  expect(chains).toBeGreaterThan(140);
});
