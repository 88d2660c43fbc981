import fc from 'fast-check';
import { median } from '../properties/statistics.ts';
import { explore, type Sim } from '../src/index.ts';
import type { Row } from './main.ts';

/** V8 takes some of them to know the code. */
const ROUNDS = 15;

/** The engine's ratios, measured in turn in this process: medians over several rounds. */
export async function speed(): Promise<Row[]> {
  const rows: Row[] = [];
  rows.push(await compare('step of a long execution (2 tasks × 200,000)', longStep, 'bare await', bareAwait));
  for (const [tasks, points, executions] of [
    [2, 1, 20_000],
    [2, 10, 5_000],
    [50, 3, 500],
  ] as const) {
    rows.push(
      await compare(
        `execution of ${tasks} tasks × ${points} points`,
        () => straddleExecution(tasks, points, executions),
        'fast-check waitFor',
        () => fastCheckExecution(tasks, points, Math.max(100, executions / 20)),
      ),
    );
  }
  return rows;
}

async function compare(
  name: string,
  ours: () => Promise<number>,
  peer: string,
  theirs: () => Promise<number>,
): Promise<Row> {
  const pairs: [number, number][] = [];
  for (let round = 0; round < ROUNDS; round++) pairs.push([await ours(), await theirs()]);
  const straddleNs = median(pairs.map(([a]) => a));
  const peerNs = median(pairs.map(([, b]) => b));
  return { name, straddleNs, peer, peerNs, ratio: median(pairs.map(([a, b]) => a / b)) };
}

async function longStep(): Promise<number> {
  const loop = async (sim: Sim): Promise<void> => {
    for (let i = 0; i < 200_000; i++) await sim.point('p');
  };
  const report = await explore(
    async (sim) => {
      await Promise.all([sim.spawn('a', () => loop(sim)), sim.spawn('b', () => loop(sim))]);
    },
    // With this seed the one execution is not among those that are repeated as a check.
    { strategy: 'random', runs: 1, seed: 2, maxSteps: 1_000_000, vacuity: 'off' },
  );
  return (report.elapsedMs * 1e6) / report.steps;
}

async function bareAwait(): Promise<number> {
  const started = performance.now();
  for (let i = 0; i < 400_000; i++) await new Promise<void>((resolve) => resolve());
  return ((performance.now() - started) * 1e6) / 400_000;
}

/** The same body for both tools: `tasks` async functions that wait at `points` points each. */
async function body(tasks: number, points: number, point: () => Promise<unknown>): Promise<void> {
  const task = async (): Promise<void> => {
    for (let i = 0; i < points; i++) await point();
  };
  const running: Promise<void>[] = [];
  for (let i = 0; i < tasks; i++) running.push(task());
  await Promise.all(running);
}

async function straddleExecution(tasks: number, points: number, executions: number): Promise<number> {
  const report = await explore((sim) => body(tasks, points, () => sim.point('p')), {
    strategy: 'random',
    runs: executions,
    vacuity: 'off',
  });
  return (report.elapsedMs * 1e6) / report.executions;
}

async function fastCheckExecution(tasks: number, points: number, executions: number): Promise<number> {
  const schedulers = fc.sample(fc.scheduler(), executions);
  const started = performance.now();
  for (const scheduler of schedulers) {
    await scheduler.waitFor(body(tasks, points, () => scheduler.schedule(Promise.resolve())));
  }
  return ((performance.now() - started) * 1e6) / executions;
}
