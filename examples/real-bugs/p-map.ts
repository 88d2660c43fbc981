import { load, type RealBug } from './real-bug.ts';

interface PMapModule {
  pMapIterable(
    source: AsyncIterable<number>,
    mapper: (item: number) => Promise<number>,
    options: { concurrency: number; backpressure?: number },
  ): AsyncIterable<number>;
}

/** A mapper is counted only after the source has been read, so a pending read lets too many of them through. */
export const pMap: RealBug = {
  name: 'p-map',
  buggy: '7.0.3',
  fixed: '7.0.4',
  issue: 'sindresorhus/p-map#77',
  kind: 'concurrency limit exceeded (check, then act across an await)',
  wrongOrder: 'a mapper completes before the pending read of the source',
  fails: /mappers run at once/,
  async scenario(alias) {
    const { pMapIterable } = await load<PMapModule>(alias);
    return async (sim) => {
      const concurrency = 2;
      let running = 0;
      const source = {
        async *[Symbol.asyncIterator]() {
          for (let item = 0; item < 6; item++) {
            await sim.point('read');
            yield item;
          }
        },
      };
      const mapper = async (item: number): Promise<number> => {
        running++;
        if (running > concurrency) throw new Error(`${running} mappers run at once, and ${concurrency} are allowed`);
        await sim.point('map');
        running--;
        return item;
      };
      for await (const item of pMapIterable(source, mapper, { concurrency, backpressure: 4 })) void item;
    };
  },
};
