import { load, type RealBug } from './real-bug.ts';

interface PMemoizeModule {
  default(fn: (key: string) => Promise<string>): (key: string) => Promise<string>;
}

/** The result is stored when it has come, so every call until then runs the function again. */
export const pMemoize: RealBug = {
  name: 'p-memoize',
  buggy: '4.0.2',
  fixed: '4.0.3',
  issue: 'sindresorhus/p-memoize#25',
  kind: 'atomicity violation (check, then act across an await)',
  wrongOrder: 'the second call before the first one settles',
  fails: /ran 2 times/,
  async scenario(alias) {
    const { default: memoize } = await load<PMemoizeModule>(alias);
    return async (sim) => {
      let runs = 0;
      const memoized = memoize(async (key) => {
        runs++;
        await sim.point('work');
        return key;
      });
      const call = async (): Promise<void> => {
        await sim.point('call');
        await memoized('a');
      };
      await Promise.all([sim.spawn('first', call), sim.spawn('second', call)]);
      if (runs > 1) throw new Error(`the function ran ${runs} times for one key`);
    };
  },
};
