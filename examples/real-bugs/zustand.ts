import { load, type RealBug } from './real-bug.ts';

interface State {
  readonly value: string;
}
interface Store {
  getState(): State;
  readonly persist: { rehydrate(): Promise<void> };
}
interface VanillaModule {
  createStore(initializer: unknown): Store;
}
interface MiddlewareModule {
  persist(initializer: () => State, options: object): unknown;
}

/** `rehydrate()` reads the storage and then sets what it has read, however old that is by then. */
export const zustand: RealBug = {
  name: 'zustand',
  buggy: '5.0.9',
  fixed: '5.0.10',
  issue: 'pmndrs/zustand#3336',
  kind: 'order violation (a stale read overwrites a newer one)',
  wrongOrder: 'the second read completes before the first',
  fails: /older state/,
  async scenario(alias) {
    const { createStore } = await load<VanillaModule>(`${alias}/vanilla`);
    const { persist } = await load<MiddlewareModule>(`${alias}/middleware`);
    return async (sim) => {
      let stored = 'old';
      const storage = {
        async getItem() {
          const state = { value: stored };
          await sim.point('storage:read');
          return { state, version: 0 };
        },
        setItem: () => undefined,
        removeItem: () => undefined,
      };
      const store = createStore(persist(() => ({ value: 'none' }), { name: 'app', storage, skipHydration: true }));
      const first = sim.spawn('first', () => store.persist.rehydrate());
      const second = sim.spawn('second', async () => {
        await sim.point('changed elsewhere');
        stored = 'new';
        await store.persist.rehydrate();
      });
      await Promise.all([first, second]);
      if (store.getState().value !== 'new') throw new Error('the older state replaced the newer one');
    };
  },
};
