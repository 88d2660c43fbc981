import { load, type RealBug } from './real-bug.ts';

interface Queue {
  push(task: number): Promise<number>;
  drained(): Promise<void>;
}
interface FastqModule {
  readonly default: { promise(worker: (task: number) => Promise<number>, concurrency: number): Queue };
}

/** `drained()` waits for the next time that the queue runs empty. If it is empty already, that may be never. */
export const fastq: RealBug = {
  name: 'fastq',
  buggy: '1.14.0',
  fixed: '1.15.0',
  issue: 'mcollina/fastq#64',
  kind: 'lost wake-up (hang)',
  wrongOrder: 'the last task completes before drained() is called',
  fails: /^deadlock: /,
  async scenario(alias) {
    const { promise } = (await load<FastqModule>(alias)).default;
    return async (sim) => {
      const queue = promise(async (task) => {
        await sim.point('work');
        return task;
      }, 1);
      const pushing = sim.spawn('producer', () => queue.push(1));
      const waiting = sim.spawn('waiter', async () => {
        await sim.point('asks');
        await queue.drained();
      });
      await Promise.all([pushing, waiting]);
    };
  },
};
