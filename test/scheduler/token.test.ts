import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StraddleError } from '../../scheduler/error.ts';
import { KINDS } from '../../scheduler/failure.ts';
import { fingerprint, firstForeignSteps, printsOf } from '../../scheduler/prints.ts';
import { REACHES } from '../../scheduler/reach.ts';
import type { Deviation, OpName } from '../../scheduler/schedule.ts';
import { decodeToken, encodeToken, showToken, type Recording } from '../../scheduler/token.ts';

const nameOf = (step: number): string => `add at step ${step}`;
const lostUpdate: Recording = {
  seed: 1334204057,
  execution: 3,
  granularity: 'await',
  time: 'elastic',
  stallMs: 100,
  maxSteps: 10_000,
  order: 'steady',
  deviations: [
    {
      task: 'add#2',
      op: 'add',
      nth: 1,
      step: 2,
      instead: { task: 'add', op: 'this.store.get(key) in add', nth: 1 },
      joined: false,
      took: 0,
    },
    {
      task: 'add',
      op: 'this.store.get(key) in add',
      nth: 1,
      step: 4,
      after: { task: 'add#2', op: 'this.store.get(key) in add', nth: 1 },
      joined: true,
      took: 0,
    },
    {
      task: 'timeout',
      op: 'timeout',
      nth: 1,
      step: 7,
      instead: { task: 'timeout', op: 'timeout', nth: 1 },
      joined: false,
      took: 12,
    },
  ],
  kind: 'error',
  reach: 'latent',
  steps: 20,
  prints: printsOf(20, nameOf),
};
const token = encodeToken(lostUpdate);

const name: fc.Arbitrary<OpName> = fc.record({
  task: fc.string({ unit: 'binary' }),
  op: fc.string(),
  nth: fc.integer({ min: 1, max: 50 }),
});
const deviation: fc.Arbitrary<Deviation> = fc
  .tuple(name, name, fc.nat(3), fc.record({ step: fc.integer({ min: 1, max: 500 }), took: fc.nat(40) }))
  .map(([own, other, how, more]) => {
    if (how === 0) return { ...own, ...more, joined: false, instead: other };
    if (how === 1) return { ...own, ...more, joined: true, after: other };
    if (how === 2) return { ...own, ...more, joined: false, instead: own };
    return { ...own, ...more, joined: true };
  });
const recording: fc.Arbitrary<Recording> = fc
  .record({
    seed: fc.maxSafeInteger(),
    execution: fc.integer({ min: 1 }),
    granularity: fc.constantFrom('await' as const, 'macrotask' as const),
    time: fc.constantFrom('elastic' as const, 'idle' as const),
    stallMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    maxSteps: fc.integer({ min: 1 }),
    order: fc.constantFrom('natural' as const, 'steady' as const),
    deviations: fc.array(deviation, { maxLength: 8 }),
    kind: fc.constantFrom(...KINDS),
    reach: fc.constantFrom(...REACHES),
    steps: fc.integer({ min: 1, max: 300 }),
  })
  .chain((rest) =>
    fc
      .record({
        script: fc.record({ step: fc.integer({ min: 1 }), message: fc.string() }),
        property: fc.option(fc.record({ seed: fc.integer(), path: fc.stringMatching(/^\d+(:\d+){0,9}$/) })),
      })
      .map(({ script, property }) => ({
        ...rest,
        prints: printsOf(rest.steps, nameOf),
        ...(rest.kind === 'script' ? { script } : {}),
        ...(property === null ? {} : { property }),
      })),
  );

test('a token gives back what was recorded', () => {
  fc.assert(
    fc.property(recording, (one) => {
      const text = encodeToken(one);
      expect(text).toMatch(/^st1\.[\w.-]+$/);
      expect(decodeToken(` ${text}\n`)).toEqual({ ...one, stallMs: one.stallMs + 0 });
    }),
  );
});

test('a typical token has less than 300 characters, a long execution adds few', () => {
  expect(token.length).toBeLessThan(300);
  const long = encodeToken({ ...lostUpdate, steps: 5000, prints: printsOf(5000, nameOf) });
  expect(long.length - token.length).toBeLessThan(60);
});

test('as text', () => {
  expect(showToken(token)).toMatchInlineSnapshot(`
    "A straddle token, version 1. It replays a failure of kind 'error' (reach: latent).
    execution    3, with chance from the seed 1334204057
    time         elastic, timers run ahead by at most 100 ms
    granularity  await
    steps        20 recorded, at most 10000
    order        steady order: a task keeps running while it can
    deviations
      step 2    add#2 at add before add at this.store.get(key) in add
      step 4    add at this.store.get(key) in add together with add#2 at this.store.get(key) in add
      step 7    timeout at timeout, taking 12 ms"
  `);
});

test('the documentation shows a real one', () => {
  const page = readFileSync('docs/tokens.md', 'utf8');
  const [sample, text] = [...page.matchAll(/```\n([\s\S]*?)\n```/g)].map(([, block]) => block!);
  expect(showToken(sample!)).toBe(text);
});

test.each([
  ['', /no straddle token: it must begin with 'st1\.'/],
  ['st1', /no straddle token/],
  ['a token', /no straddle token/],
  [undefined, /no straddle token/],
  [token.replace('st1.', 'st12.'), /version 12, this straddle reads version 1/],
  [token.slice(0, -1), /damaged: its checksum does not match/],
  [`${token}.x`, /damaged/],
  ['st1.', /damaged/],
  [forged('[]'), /did not make it/],
  [forged('{'), /did not make it/],
])('a bad token is one sentence: %#', (text, sentence) => {
  const error = refusalOf(text as string);
  expect(error?.message).toMatch(sentence);
});

/** A token with a right checksum and a payload of our own. */
function forged(payload: string, prints = lostUpdate.prints): string {
  const content = `${Buffer.from(payload).toString('base64url')}.${prints}`;
  return `st1.${content}.${fingerprint(content)}`;
}

/** How a token was refused; undefined if it was not. */
function refusalOf(text: string): StraddleError | undefined {
  try {
    decodeToken(text);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(StraddleError);
    expect((error as StraddleError).kind).toBe('token');
    expect((error as StraddleError).message).toMatch(/^This [^\n]+\.$/);
    return error as StraddleError;
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_. \n"\\%é\u0000😀';

test('10,000 mutations: every changed character is noticed', () => {
  const random = fc.sample(fc.nat(2 ** 30), { numRuns: 30_000, seed: 1 });
  const draw = (below: number): number => random.pop()! % below;
  const characters = [...ALPHABET];
  for (let i = 0; i < 10_000; i++) {
    const at = i % token.length;
    const other = characters[draw(characters.length)]!;
    const kind = draw(4);
    let text = token.slice(0, at) + other + token.slice(at + 1);
    if (kind === 1) text = token.slice(0, at) + token.slice(at + 1);
    else if (kind === 2) text = token.slice(0, at) + other + token.slice(at);
    else if (kind === 3)
      text =
        token.slice(0, at) +
        token
          .slice(at, at + 2)
          .split('')
          .reverse()
          .join('') +
        token.slice(at + 2);
    if (text.trim() === token) continue;
    expect(refusalOf(text), text).toBeDefined();
  }
});

test('10,000 forged payloads: refused, or a recording that encodes again', () => {
  const payload = Buffer.from(token.split('.')[1]!, 'base64url').toString();
  const json = [...'0123456789,[]{}"-.eE tnull'];
  const random = fc.sample(fc.nat(2 ** 30), { numRuns: 30_000, seed: 2 });
  const draw = (below: number): number => random.pop()! % below;
  let accepted = 0;
  for (let i = 0; i < 10_000; i++) {
    const at = i % payload.length;
    const other = json[draw(json.length)]!;
    const text = forged(payload.slice(0, at) + other + payload.slice(at + draw(3)));
    if (refusalOf(text) !== undefined) continue;
    accepted++;
    expect(decodeToken(encodeToken(decodeToken(text)))).toEqual(decodeToken(text));
    expect(showToken(text)).toContain('A straddle token');
  }
  expect(accepted).toBeGreaterThan(0);
});

test('prints name the step that differs', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(), (steps, at) => {
      const changed = at % steps;
      const recorded = { steps, prints: printsOf(steps, nameOf) };
      expect(firstForeignSteps(recorded, steps, nameOf)).toBeUndefined();
      const foreign = firstForeignSteps(recorded, steps, (step) => (step === changed ? 'another' : nameOf(step)))!;
      expect(foreign.from).toBeLessThanOrEqual(changed);
      expect(foreign.to).toBeGreaterThanOrEqual(changed);
      expect(firstForeignSteps(recorded, steps + 1, nameOf)).toEqual({ from: steps, to: steps });
      if (steps > 1) expect(firstForeignSteps(recorded, steps - 1, nameOf)?.to).toBe(steps - 1);
    }),
  );
});
