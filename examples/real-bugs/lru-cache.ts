import { load, type RealBug } from './real-bug.ts';

interface Cache {
  fetch(key: string): Promise<string>;
  has(key: string): boolean;
  get(key: string): string | undefined;
}
interface LruModule {
  readonly default: new (options: { max: number; fetchMethod: (key: string) => Promise<string> }) => Cache;
}

/** While the first fetch of a key is on its way, `has` says that it is there and `get` that it is not. */
export const lruCache: RealBug = {
  name: 'lru-cache',
  buggy: '8.0.3',
  fixed: '8.0.4',
  issue: 'isaacs/node-lru-cache#285',
  kind: 'atomicity violation (an intermediate state is seen)',
  wrongOrder: 'has() before the first fetch has completed',
  fails: /has a value that it does not have/,
  async scenario(alias) {
    const { default: Lru } = await load<LruModule>(alias);
    return async (sim) => {
      const cache = new Lru({
        max: 4,
        async fetchMethod(key) {
          await sim.point('fetch');
          return key.toUpperCase();
        },
      });
      const fetching = sim.spawn('fetcher', () => cache.fetch('a'));
      const looking = sim.spawn('reader', async () => {
        await sim.point('look');
        if (cache.has('a') && cache.get('a') === undefined)
          throw new Error('the cache has a value that it does not have');
      });
      await Promise.all([fetching, looking]);
    };
  },
};
