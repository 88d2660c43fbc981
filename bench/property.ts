import fc from 'fast-check';
import { interleavings } from '../src/fast-check.ts';
import { point } from '../scheduler/point.ts';
import type { Row } from './main.ts';
import { cpuNs, fastest } from './measure.ts';

const VALUES = 100;
const ORDERS = 100;
/** V8 takes some of them to know the code. */
const ROUNDS = 15;

/** Two tasks that pass five points each. */
async function body(wait: () => Promise<unknown>): Promise<void> {
  const task = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await wait();
  };
  await Promise.all([task(), task()]);
}

/** A property with 100 values × 100 orders of a 10-point body: both run the same number of executions. */
export async function property(): Promise<Row[]> {
  const name = `property of ${VALUES} values × ${ORDERS} orders of 10 points`;
  return [await fastest(name, withPlugin, 'fast-check scheduler', withScheduler, ROUNDS)];
}

async function withPlugin(): Promise<number> {
  let executions = 0;
  const property = fc.asyncProperty(fc.nat(), async () => {
    executions++;
    await body(() => point('p'));
  });
  const started = cpuNs();
  await fc.assert(property, { numRuns: VALUES, plugins: [interleavings({ runs: ORDERS, strategy: 'random' })] });
  return (cpuNs() - started) / executions;
}

async function withScheduler(): Promise<number> {
  let executions = 0;
  const property = fc.asyncProperty(fc.nat(), fc.scheduler(), async (_value, scheduler) => {
    executions++;
    await scheduler.waitFor(body(() => scheduler.schedule(Promise.resolve())));
  });
  const started = cpuNs();
  await fc.assert(property, { numRuns: VALUES * ORDERS });
  return (cpuNs() - started) / executions;
}
