import { load, type RealBug } from './real-bug.ts';

interface Pool {
  drain(): Promise<void>;
  clear(): Promise<void>;
}
interface GenericPoolModule {
  readonly default: {
    createPool(factory: { create(): Promise<object>; destroy(): Promise<void> }, options: object): Pool;
  };
}

/** A new resource is for a moment neither being created nor idle, and `clear()` looks just then: it is never destroyed. */
export const genericPool: RealBug = {
  name: 'generic-pool',
  buggy: '3.5.0',
  fixed: '3.6.0',
  issue: 'coopernurse/node-pool#159',
  kind: 'leak (a resource between two promise hops)',
  wrongOrder: 'clear() while a create is on its way',
  fails: /never destroyed/,
  async scenario(alias) {
    const { createPool } = (await load<GenericPoolModule>(alias)).default;
    return async (sim) => {
      let alive = 0;
      const pool = createPool(
        {
          async create() {
            await sim.point('create');
            alive++;
            return {};
          },
          async destroy() {
            alive--;
          },
        },
        { min: 1, max: 2 },
      );
      await sim.spawn('closer', async () => {
        await sim.point('close');
        await pool.drain();
        await pool.clear();
      });
      await sim.point('later');
      if (alive > 0) throw new Error(`${alive} resource was never destroyed`);
    };
  },
};
