import { expect, test } from 'vitest';
import { Branches } from '../../properties/branches.ts';
import { settle, type ExploreOptions } from '../../properties/options.ts';
import { Survey, type Surveyed } from '../../properties/survey.ts';
import { control } from '../../scheduler/control.ts';

/** Two timers, 3 and 5 ms; in natural order there is never a choice. */
async function body(): Promise<void> {
  const order: string[] = [];
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const slow = async (): Promise<void> => {
    await wait(3);
    await new Promise<void>((resolve) => setImmediate(resolve));
    order.push('slow');
  };
  await Promise.all([slow(), wait(5).then(() => order.push('timer'))]);
  if (order[0] !== 'slow') throw new Error('the timer was first');
}

function survey(options: ExploreOptions): Promise<Surveyed> {
  const settings = settle({ seed: 1, vacuity: 'off', ...options });
  const branches = new Branches(undefined);
  return control({ onBranch: branches.hit }, (engine) => new Survey(body, settings, branches, []).plan(engine));
}

test('without a choice, and no timer that could fire early, one execution is all there is', async () => {
  const { report } = await survey({ time: 'idle' });
  expect(report).toMatchObject({ verdict: 'pass', executions: 1, exhaustive: true });
});

test('a timer that may fire early is a choice', async () => {
  const { report } = await survey({ time: 'elastic' });
  expect(report.failure?.message).toBe('the timer was first');
});
