import { afterEach, describe, expect, test } from 'vitest';
import { parseShard, SHARD_VARIABLE } from '../../properties/shard.ts';
import type { Report } from '../../properties/report.ts';
import type { Sim } from '../../scheduler/sim.ts';
import { explore } from '../../src/index.ts';
import { documentOf, type ReportDocument } from '../../src/report/document.ts';
import { merge } from '../../src/report/merge.ts';
import { lostUpdate } from '../report/explored.ts';

afterEach(() => Reflect.deleteProperty(process.env, SHARD_VARIABLE));

/** Three tasks with timers: more schedules than are run. */
async function busy(sim: Sim): Promise<void> {
  const order: string[] = [];
  const task = async (name: string): Promise<void> => {
    await sim.point('first');
    await sim.sleep(Math.ceil(sim.random() * 3));
    await sim.point('second');
    order.push(name);
  };
  await Promise.all(['a', 'b', 'c'].map((name) => sim.spawn(name, () => task(name))));
  sim.branch(`${order[0]!} is first`);
}

async function shard(part: string, body = busy, runs = 90): Promise<ReportDocument> {
  process.env[SHARD_VARIABLE] = part;
  const report = await explore(body, { runs, seed: 11, vacuity: 'off' });
  return documentOf([{ name: 'busy', file: 'a.test.ts', report }], { shard: parseShard(part, 'x') });
}

async function split(of: number, ...rest: [typeof busy?, number?]): Promise<ReportDocument[]> {
  const documents: ReportDocument[] = [];
  for (let index = 1; index <= of; index++) documents.push(await shard(`${index}/${of}`, ...rest));
  return documents;
}

const coverage = ({
  executions,
  steps,
  distinct,
  branches,
  statistics,
  straddled,
  schedules,
  verdict,
}: Report): object => ({
  ...{ executions, steps, distinct, branches, statistics, verdict },
  straddled: straddled.toSorted((a, b) => a.site.localeCompare(b.site)),
  schedules: schedules!.toSorted(),
});

describe('shards', () => {
  test.each([2, 3, 7])('of %i run together what one run runs, and no execution twice', async (of) => {
    const whole = (await shard('1/1')).tests[0]!.report as Report;
    const parts = await split(of);
    const merged = merge(parts.toReversed()).tests[0]!.report as Report;
    expect(coverage(merged)).toEqual(coverage(whole));
    expect(whole.executions).toBe(90);
    const numbers = parts.flatMap(({ tests }) => tests[0]!.report.branchTable.map(({ execution }) => execution));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(merged.branchTable.map(({ execution }) => execution)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });

  test('a failure is the one that a single run would have met first', async () => {
    const whole = (await shard('1/1', lostUpdate)).tests[0]!.report;
    const merged = merge(await split(3, lostUpdate)).tests[0]!.report;
    expect(merged.verdict).toBe('fail');
    expect(merged.failure!.execution).toBe(whole.failure!.execution);
    expect(merged.failure!.token).toBe(whole.failure!.token);
  });

  test('a branch that one shard has seen is not missing', async () => {
    const body = async (sim: Sim): Promise<void> => {
      await busy(sim);
      if (sim.execution === 2) sim.branch('rare');
    };
    const explored = async (part: string): Promise<ReportDocument> => {
      process.env[SHARD_VARIABLE] = part;
      const branches = ['rare', 'a is first', 'b is first', 'c is first'];
      const report = await explore(body, { runs: 60, seed: 1, branches });
      return documentOf([{ name: 't', file: 'a', report }], { shard: parseShard(part, 'x') });
    };
    const parts = [await explored('1/2'), await explored('2/2')];
    expect(parts.map(({ verdict }) => verdict)).toEqual(['vacuous', 'pass']);
    expect(merge(parts).verdict).toBe('pass');
  });

  test('that do not belong together are refused in one sentence', async () => {
    const [one, two] = await split(2, busy, 4);
    const whole = documentOf([]);
    const refused = (...documents: ReportDocument[]): string => {
      try {
        merge(documents);
      } catch (error) {
        return (error as Error).message;
      }
      return 'nothing was thrown';
    };
    expect(refused(one!)).toBe('These reports are not the shards of one exploration: shard 2/2 is missing.');
    expect(refused(one!, one!)).toContain('shard 1/2 is there twice');
    expect(refused(whole)).toContain('the first one is no shard');
    expect(refused(two!, { ...one!, shard: { index: 1, of: 3 } })).toContain('one is part of 3, the first one of 2');
    for (const text of ['0/3', '4/3', '1', 'a/b', '1/0']) {
      expect(() => parseShard(text, '--shard')).toThrow(/^--shard must be one part of several, such as 1\/3/);
    }
  });
});
