import fc from 'fast-check';
import { median } from '../properties/statistics.ts';
import { interleavings } from '../src/fast-check.ts';
import { point } from '../scheduler/point.ts';
import type { Row } from './main.ts';

const VALUES = 100;
const ORDERS = 100;
const ROUNDS = 5;

/** Two tasks that pass five points each. */
async function body(wait: () => Promise<unknown>): Promise<void> {
  const task = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await wait();
  };
  await Promise.all([task(), task()]);
}

/** A property with 100 values × 100 orders of a 10-point body: both run the same number of executions. */
export async function property(): Promise<Row[]> {
  const pairs: [number, number][] = [];
  for (let round = 0; round < ROUNDS; round++) pairs.push([await withPlugin(), await withScheduler()]);
  return [
    {
      name: `property of ${VALUES} values × ${ORDERS} orders of 10 points`,
      straddleNs: median(pairs.map(([ours]) => ours)),
      peer: 'fast-check scheduler',
      peerNs: median(pairs.map(([, theirs]) => theirs)),
      ratio: median(pairs.map(([ours, theirs]) => ours / theirs)),
    },
  ];
}

async function withPlugin(): Promise<number> {
  let executions = 0;
  const property = fc.asyncProperty(fc.nat(), async () => {
    executions++;
    await body(() => point('p'));
  });
  const started = performance.now();
  await fc.assert(property, { numRuns: VALUES, plugins: [interleavings({ runs: ORDERS, strategy: 'random' })] });
  return ((performance.now() - started) * 1e6) / executions;
}

async function withScheduler(): Promise<number> {
  let executions = 0;
  const property = fc.asyncProperty(fc.nat(), fc.scheduler(), async (_value, scheduler) => {
    executions++;
    await scheduler.waitFor(body(() => scheduler.schedule(Promise.resolve())));
  });
  const started = performance.now();
  await fc.assert(property, { numRuns: VALUES * ORDERS });
  return ((performance.now() - started) * 1e6) / executions;
}
