import fc from 'fast-check';
import { point } from '../../scheduler/point.ts';
import { currentSim } from '../../src/fast-check.ts';
import type { FetchCache } from './fetch-cache.ts';

export const BRANCHES = ['fetched', 'kept', 'failed', 'fetched again'] as const;

/** Which keys are asked for, all at once; the server has a bad moment at some of its answers. */
const asking = fc.record({
  most: fc.integer({ min: 1, max: 2 }),
  keys: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 6 }),
  faults: fc.uniqueArray(fc.nat(3), { maxLength: 1 }),
});

/** Never more keys than allowed, never two fetches of a key that is kept, and failures are not kept. */
export function lruProperty(create: (most: number, fetch: (key: string) => Promise<string>) => FetchCache) {
  return fc.asyncProperty(asking, async ({ most, keys, faults }) => {
    const sim = currentSim();
    const fetching = new Set<string>();
    const fetched = new Set<string>();
    let answers = 0;
    let isWell = false;
    const cache = create(most, async (key) => {
      // With room for all that are asked for, nothing is dropped.
      if (fetching.has(key) && new Set(keys).size <= most) throw new Error(`${key} is fetched twice at a time`);
      fetching.add(key);
      sim.branch(fetched.has(key) ? 'fetched again' : 'fetched');
      fetched.add(key);
      await point('server', key);
      fetching.delete(key);
      if (!isWell && faults.includes(answers++)) {
        sim.branch('failed');
        throw new TypeError('a bad moment');
      }
      return `value of ${key}`;
    });
    const ask = async (key: string): Promise<void> => {
      await point('ask', key);
      const before = fetching.size;
      const answer = cache.get(key);
      if (fetching.size === before) sim.branch('kept');
      const value = await answer.catch((error: unknown) => {
        if (!(error instanceof TypeError)) throw error;
        return undefined;
      });
      if (cache.size > most) throw new Error(`${cache.size} keys are kept of at most ${most}`);
      if (value !== undefined && value !== `value of ${key}`) throw new Error(`${value} is given for ${key}`);
    };
    await Promise.all(keys.map((key) => sim.spawn('client', () => ask(key))));
    const [first] = keys;
    if (first === undefined) return;
    // The bad moment is over by now.
    isWell = true;
    await cache.get(first).catch(() => {
      throw new Error(`the failure of ${first} was kept`);
    });
  });
}
