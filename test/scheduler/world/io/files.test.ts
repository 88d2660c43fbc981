import { describe, expect, test } from 'vitest';
import { filesInParallel } from './bodies.ts';
import { explored } from './explored.ts';
import { freshProcess } from './fresh-process.ts';

const RUNS = 1_000;
const SEED = 7;
/** As many are repeated. */
const AGAIN = process.env['STRADDLE_DEEP'] === '1' ? RUNS : 250;

describe('8 parallel writes, renames and reads', () => {
  const fresh = freshProcess();

  test(`${RUNS} executions: one trace and one result per schedule, twice and in fresh processes`, async () => {
    const first = await explored(filesInParallel, { runs: RUNS, seed: SEED });
    expect(first.report).toMatchObject({ verdict: 'pass', executions: RUNS, warnings: [] });
    const bySchedule = new Map<string, string>();
    first.schedules.forEach((schedule, i) => {
      const did = `${first.traces[i]} ${first.results[i]}`;
      expect(bySchedule.get(schedule) ?? did).toBe(did);
      bySchedule.set(schedule, did);
    });
    // The order is really a choice: nearly every walk is another, and what is read depends on it.
    expect(bySchedule.size).toBeGreaterThan(0.99 * RUNS);
    expect(new Set(first.results).size).toBeGreaterThan(100);
    const again = await explored(filesInParallel, { runs: AGAIN, seed: SEED });
    expect(again.traces).toEqual(first.traces.slice(0, AGAIN));
    expect(again.results).toEqual(first.results.slice(0, AGAIN));
    const command = { name: 'digests', bodies: ['filesInParallel'], runs: AGAIN, seed: SEED } as const;
    expect(await fresh(command)).toEqual({ filesInParallel: again.digest });
  });
});
