import { load, type RealBug } from './real-bug.ts';

interface MutexModule {
  readonly Mutex: new () => { acquire(): Promise<() => void>; release(): void };
}

/**
 * `release()` calls the releaser that it has stored, and then forgets it. The releaser lets the next one in at once, who
 * stores its own, and that is the one forgotten: the next release does nothing.
 */
export const asyncMutex: RealBug = {
  name: 'async-mutex',
  buggy: '0.2.4',
  fixed: '0.2.6',
  issue: 'DirtyHairy/async-mutex#27',
  kind: 'deadlock (lost release)',
  wrongOrder: 'an acquire is queued before a release',
  fails: /^deadlock: /,
  async scenario(alias) {
    const { Mutex } = await load<MutexModule>(alias);
    return async (sim) => {
      const mutex = new Mutex();
      const use = async (): Promise<void> => {
        await sim.point('acquire');
        await mutex.acquire();
        await sim.point('holds');
        mutex.release();
      };
      await Promise.all(['a', 'b', 'c'].map((name) => sim.spawn(name, use)));
    };
  },
};
