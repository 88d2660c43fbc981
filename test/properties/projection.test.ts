import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Chooser } from '../../scheduler/chooser.ts';
import { control, type Plan } from '../../scheduler/control.ts';
import type { BaseOrder } from '../../scheduler/schedule.ts';
import { generator } from '../../scheduler/world/chance.ts';
import { Executions } from '../../properties/executions.ts';
import { Projection } from '../../properties/projection.ts';
import { Trials } from '../../properties/trials.ts';
import type { Sim } from '../../src/index.ts';
import { endingPrograms } from './programs/arbitrary.ts';
import { bodyOf } from './programs/program.ts';

/** Chooses, settles together and takes time at random. */
function anyhow(seed: number): Chooser {
  const random = generator(String(seed));
  return {
    bursts: true,
    choose: (enabled) => Math.floor(random() * enabled.length),
    join: (enabled) => (random() < 0.3 ? enabled.findIndex((op) => op.settles) : -1),
    take: (limit) => (random() < 0.3 ? limit : 0),
  };
}

/** Runs `plan` with trials of an execution of `body` in which time is elastic; all outcomes are alike. */
function withTrials<T>(body: (sim: Sim) => unknown, plan: (trials: Trials) => Plan<T>): Promise<T> {
  const executions = new Executions(body, { maxSteps: 300, stallMs: 100, granularity: 'await' });
  executions.next(anyhow(0), 1, 1, true);
  const budget = { executions: 10, steps: 10_000 };
  return control({ onBranch: () => undefined }, (engine) =>
    plan(new Trials(engine, executions, { judge: () => undefined, same: () => true, budget, maxSteps: 300 })),
  );
}

test('all turns, taken again, are the same execution, against either order', async () => {
  let deviations = 0;
  await fc.assert(
    fc.asyncProperty(
      endingPrograms,
      fc.nat(),
      fc.constantFrom<BaseOrder>('natural', 'steady'),
      async (program, seed, order) => {
        const [found, again] = await withTrials(bodyOf(program), function* (trials) {
          const first = trials.scheduleOf(yield* trials.run(anyhow(seed), 'await'), order, 'await');
          const trial = yield* trials.run(new Projection(first.turns, order), 'await');
          return [first, trials.scheduleOf(trial, order, 'await')] as const;
        });
        deviations += found.deviations.length;
        expect(again.turns).toEqual(found.turns);
        expect(again.prints).toBe(found.prints);
      },
    ),
    { numRuns: 60 },
  );
  expect(deviations).toBeGreaterThan(100);
});
