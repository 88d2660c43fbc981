import { transform } from '../src/instrument/transform.ts';

export interface InstrumentOverhead {
  /** Nanoseconds per scheduling point, fastest round. */
  readonly original: number;
  readonly instrumented: number;
  /** Median over all rounds of the time of instrumented code over the time of the original run next to it. */
  readonly ratio: number;
}

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

/** What instrumentation costs while no execution runs. The aim: a ratio of at most 1.05. */
export async function instrumentOverhead(rounds = 41, keys = 10_000): Promise<InstrumentOverhead> {
  const changed = transform(program, { file: 'bench.js', commonjs: true })!.code;
  const compile = (code: string) => new Function(code)() as (count: number) => Promise<number>;
  const original = compile(program);
  const instrumented = compile(changed);
  const time = async (run: (count: number) => Promise<number>): Promise<number> => {
    const from = performance.now();
    await run(keys);
    return ((performance.now() - from) * 1e6) / (keys * pointsPerKey);
  };
  const pairs: { original: number; instrumented: number }[] = [];
  for (let round = -5; round < rounds; round += 1) {
    // Taking turns at going first, so that neither always pays for the other's garbage.
    const first = round % 2 === 0 ? await time(original) : undefined;
    const second = await time(instrumented);
    const pair = { original: first ?? (await time(original)), instrumented: second };
    if (round >= 0) pairs.push(pair);
  }
  const ratios = pairs.map((pair) => pair.instrumented / pair.original).sort((a, b) => a - b);
  return {
    original: Math.min(...pairs.map((pair) => pair.original)),
    instrumented: Math.min(...pairs.map((pair) => pair.instrumented)),
    ratio: ratios[ratios.length >> 1]!,
  };
}
