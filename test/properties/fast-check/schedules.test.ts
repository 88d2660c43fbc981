import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CheckError } from '../../../src/fast-check.ts';
import { interleavings, schedules, type Schedule } from '../../../src/fast-check.ts';
import { replay, type Sim } from '../../../src/index.ts';

const WRITERS = fc.array(fc.constantFrom('add', 'look'), { minLength: 1, maxLength: 5 });

/** Loses an update if another writer gets between the read and the write of one. */
async function write(sim: Sim, writers: readonly string[]): Promise<void> {
  let total = 0;
  const run = async (name: string): Promise<void> => {
    const seen = total;
    await sim.point('seen');
    if (name === 'add') total = seen + 1;
  };
  await Promise.all(writers.map((name) => sim.spawn(name, () => run(name))));
  if (total !== writers.filter((name) => name === 'add').length) throw new Error('an update was lost');
}

/** Fails only if the last of three tasks runs first and the first one last: natural order never does that. */
async function reversed(sim: Sim): Promise<void> {
  const order: string[] = [];
  const run = async (name: string): Promise<void> => {
    await sim.point('p');
    order.push(name);
  };
  await Promise.all(['a', 'b', 'c'].map((name) => sim.spawn(name, () => run(name))));
  if (order[0] === 'c' && order[2] === 'a') throw new Error('reversed');
}

describe('schedules', () => {
  test('shrink to natural order where that is enough, together with the values beside them', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const details = await fc.check(
        fc.asyncProperty(WRITERS, schedules(), async (writers, schedule) => {
          await schedule.run((sim) => write(sim, writers));
        }),
        { seed },
      );
      const [writers, schedule] = details.counterexample!;
      expect(writers).toEqual(['add', 'add']);
      expect([schedule.order, schedule.deviations]).toEqual(['natural', []]);
    }
  });

  test('shrink to few deviations where natural order does not fail', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const details = await fc.check(
        fc.asyncProperty(schedules(), async (schedule) => {
          await schedule.run(reversed);
        }),
        { seed, numRuns: 1000 },
      );
      const [schedule] = details.counterexample!;
      expect(schedule.deviations.length).toBeLessThanOrEqual(3);
      const { failure } = (details.errorInstance as CheckError).report;
      expect(failure!.deviations).toBe(schedule.deviations.length);
      // None of them can be dropped.
      for (const { value_: smaller } of schedules().shrink(schedule, undefined)) {
        if (smaller.deviations.length < schedule.deviations.length) await smaller.run(reversed);
      }
    }
  });

  test('print what they pick, and, once they have failed, what that meant', async () => {
    const schedule = fc
      .sample(schedules(), { seed: 4, numRuns: 30 })
      .find(({ deviations }) => deviations.length === 2)!;
    expect(fc.stringify(schedule)).toMatch(
      /^(steady|natural) order, but picking \d+ at choice \d+, \d+ at choice \d+$/,
    );
    const details = await fc.check(
      fc.asyncProperty(schedules(), async (one) => {
        await one.run(reversed);
      }),
      { seed: 1, numRuns: 1000 },
    );
    expect(fc.stringify(details.counterexample)).toMatch(/^\[(steady|natural) order, but \w at \w before \w at \w;/);
    const [failed] = details.counterexample!;
    await failed.run(() => undefined);
    expect(fc.stringify(failed)).toContain(' before ');
    const natural = fc.sample(schedules(), 100).find(({ deviations }) => deviations.length === 0)!;
    expect(String(natural)).toMatch(/^(natural|steady) order$/);
  });

  test('are brought back by seed and path', async () => {
    const property = fc.asyncProperty(fc.tuple(fc.nat(), schedules()), async ([, schedule]) => {
      await schedule.run(reversed);
    });
    const { seed, counterexamplePath, counterexample, errorInstance } = await fc.check(property, {
      seed: 9,
      numRuns: 1000,
    });
    const again = await fc.check(property, { seed, path: counterexamplePath!, endOnFailure: true });
    expect(again.numRuns).toBe(1);
    const told = ([[, schedule]]: [[number, Schedule]]): string => String(schedule);
    expect(told(again.counterexample!)).toBe(told(counterexample!));
    const { token } = (errorInstance as CheckError).report.failure!;
    expect((await replay(reversed, token)).failure!.message).toBe('reversed');
  });

  test('run one execution, of which they give the report', async () => {
    let executions = 0;
    const [schedule] = fc.sample(schedules(), 1);
    const report = await schedule!.run((sim) => {
      executions++;
      sim.branch('here');
    });
    expect([executions, report.executions, report.branches['here']!.hits, report.verdict]).toEqual([1, 1, 1, 'pass']);
  });

  test('reach many orders', async () => {
    const orders = new Set<string>();
    for (const schedule of fc.sample(schedules(), { seed: 1, numRuns: 200 })) {
      await schedule.run(async (sim) => {
        const order: string[] = [];
        const run = async (name: string): Promise<void> => {
          await sim.point('p');
          order.push(name);
        };
        await Promise.all(['a', 'b', 'c', 'd'].map((name) => sim.spawn(name, () => run(name))));
        orders.add(order.join(''));
      });
    }
    expect(orders.size).toBe(24);
  });

  test('cannot be run within another execution', async () => {
    const property = fc.asyncProperty(schedules(), (schedule) => schedule.run(reversed).then(() => undefined));
    const { errorInstance } = await fc.check(property, { plugins: [interleavings({ vacuity: 'off' })] });
    expect((errorInstance as Error).message).toContain('cannot be started inside a controlled execution');
  });
});
