import { median } from '../properties/statistics.ts';
import { transform } from '../src/instrument/transform.ts';
import type { Row } from './main.ts';

/** A cache in front of a store: awaits of calls, of values and of settled promises, reactions and loops. */
const program = `
const store = new Map();
const read = async (key) => store.get(key);
const write = async (key, value) => { store.set(key, value); };
class Cache {
  hits = 0;
  async get(key) {
    const found = await read(key);
    if (found !== undefined) { this.hits += await 1; return found; }
    const made = await Promise.resolve(key * 2).then((value) => value + 1);
    await write(key, made);
    return made;
  }
}
async function* keys(count) { for (let key = 0; key < count; key += 1) yield key % 100; }
return async (count) => {
  const cache = new Cache();
  let sum = 0;
  for await (const key of keys(count)) sum += await cache.get(key);
  return sum + cache.hits;
};`;
const pointsPerKey = 4;

const ROUNDS = 41;
const KEYS = 10_000;

/** What instrumentation costs while no execution runs. The aim: a ratio of at most 1.05. */
export async function instrumented(): Promise<Row[]> {
  const changed = transform(program, { file: 'bench.js', commonjs: true })!.code;
  const compile = (code: string) => new Function(code)() as (count: number) => Promise<number>;
  const original = compile(program);
  const rewritten = compile(changed);
  const time = async (run: (count: number) => Promise<number>): Promise<number> => {
    const from = performance.now();
    await run(KEYS);
    return ((performance.now() - from) * 1e6) / (KEYS * pointsPerKey);
  };
  const pairs: [number, number][] = [];
  for (let round = -5; round < ROUNDS; round += 1) {
    // Taking turns at going first, so that neither always pays for the other's garbage.
    const first = round % 2 === 0 ? await time(original) : undefined;
    const ours = await time(rewritten);
    const theirs = first ?? (await time(original));
    if (round >= 0) pairs.push([ours, theirs]);
  }
  return [
    {
      name: 'instrumented code while no execution runs, per await',
      straddleNs: median(pairs.map(([ours]) => ours)),
      peer: 'as it was written',
      peerNs: median(pairs.map(([, theirs]) => theirs)),
      ratio: median(pairs.map(([ours, theirs]) => ours / theirs)),
    },
  ];
}
