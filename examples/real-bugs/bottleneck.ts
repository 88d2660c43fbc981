import { load, type RealBug } from './real-bug.ts';

interface Limiter {
  schedule(job: () => Promise<unknown>): Promise<unknown>;
  stop(options: { dropWaitingJobs: boolean }): Promise<void>;
}
interface BottleneckModule {
  readonly default: new (options: { maxConcurrent: number }) => Limiter;
}

/** `stop()` empties the queue without waiting for jobs that are being submitted: those are neither run nor dropped. */
export const bottleneck: RealBug = {
  name: 'bottleneck',
  buggy: '2.9.0',
  fixed: '2.10.0',
  issue: 'SGrondin/bottleneck da7b8f6',
  kind: 'lost wake-up (hang)',
  wrongOrder: 'stop() between schedule() and the end of the submission',
  fails: /^deadlock: /,
  async scenario(alias) {
    const { default: Bottleneck } = await load<BottleneckModule>(alias);
    return async (sim) => {
      const limiter = new Bottleneck({ maxConcurrent: 1 });
      const job = (): Promise<unknown> => limiter.schedule(() => sim.point('job')).catch(() => 'dropped');
      const jobs = ['one', 'two'].map((name) => sim.spawn(name, job));
      const stopping = sim.spawn('stopper', async () => {
        await sim.point('stop');
        await limiter.stop({ dropWaitingJobs: true });
      });
      await Promise.all([...jobs, stopping]);
    };
  },
};
