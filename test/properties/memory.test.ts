import { expect, test } from 'vitest';
import { explore, type Sim } from '../../src/index.ts';
import { Trace } from '../../scheduler/trace.ts';

test('a trace of 1,000,000 steps takes at most 32 MB', () => {
  const trace = new Trace();
  for (let step = 0; step < 1_000_000; step++) trace.push(step & 1, 1, step, step, 0);
  expect(trace.length).toBe(1_000_000);
  expect(trace.memory.byteLength).toBeLessThanOrEqual(32 * 2 ** 20);
});

test('the heap stays flat over 100,000 executions', async () => {
  const used: number[] = [];
  let executions = 0;
  const body = async (sim: Sim): Promise<void> => {
    // Counted, not timed: the heap is read at the end of each tenth, after a collection where one can be had.
    if (++executions % 10_000 === 0) {
      globalThis.gc?.();
      used.push(process.memoryUsage().heapUsed);
    }
    const task = (): Promise<void> => sim.point('p');
    await Promise.all([task(), task()]);
  };
  await explore(body, { strategy: 'random', runs: 100_000, seed: 1 });
  expect(executions).toBeGreaterThanOrEqual(100_000);
  expect(used.at(-1)! - used[0]!).toBeLessThan(globalThis.gc === undefined ? 32 * 2 ** 20 : 2 ** 20);
});
