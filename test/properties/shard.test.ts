import { afterEach, describe, expect, test } from 'vitest';
import { parseShard, SHARD_VARIABLE } from '../../properties/shard.ts';
import type { Report } from '../../properties/report.ts';
import type { Sim } from '../../scheduler/sim.ts';
import { explore, type ExploreOptions } from '../../src/index.ts';
import { documentOf, type ReportDocument } from '../../src/report/document.ts';
import { merge } from '../../src/report/merge.ts';
import { lostUpdate } from '../report/explored.ts';
import { growing } from '../scheduler/strategies/programs.ts';

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

/** Few schedules: all of them are run. */
async function small(sim: Sim): Promise<void> {
  const order: string[] = [];
  const task = (name: string): Promise<unknown> => sim.point(name).then(() => order.push(name));
  await Promise.all(['a', 'b', 'c', 'd'].map(task));
  sim.branch(`${order[0]!} is first`);
}

/** Taken for small until the others are stopped late. */
async function stopped(sim: Sim): Promise<void> {
  await growing(sim);
  sim.branch('stopped');
}

type Options = Pick<ExploreOptions, 'runs' | 'strategy' | 'time'>;

const whole = (body = busy, options: Options = {}): Promise<Report> =>
  explore(body, { runs: 90, seed: 11, vacuity: 'off', ...options });

async function shard(part: string, body = busy, options: Options = {}): Promise<ReportDocument> {
  process.env[SHARD_VARIABLE] = part;
  const report = await whole(body, options);
  Reflect.deleteProperty(process.env, SHARD_VARIABLE);
  return documentOf([{ name: 'busy', file: 'a.test.ts', report }], { shard: parseShard(part, 'x') });
}

async function split(of: number, ...rest: [typeof busy?, Options?]): Promise<ReportDocument[]> {
  const documents: ReportDocument[] = [];
  for (let index = 1; index <= of; index++) documents.push(await shard(`${index}/${of}`, ...rest));
  return documents;
}

/** A label is unknown until it is met. */
const known = (hits: Record<string, number>): object =>
  Object.fromEntries(Object.entries(hits).filter(([, times]) => times > 0));

const coverage = ({
  executions,
  steps,
  distinct,
  exhaustive,
  strategy,
  branches,
  branchTable,
  statistics,
  straddled,
  verdict,
}: Report): object => ({
  ...{ executions, steps, distinct, exhaustive, strategy, branches, statistics, verdict },
  branchTable: branchTable.map(({ execution, hits }) => ({ execution, hits: known(hits) })),
  straddled: straddled.toSorted((a, b) => a.site.localeCompare(b.site)),
});

describe('shards', () => {
  test.each<[string, typeof busy, number, Options]>([
    ['a default run', busy, 2, {}],
    ['a default run', busy, 3, {}],
    ['a default run', busy, 7, {}],
    ['one in elastic time', busy, 3, { time: 'elastic' }],
    ['one that runs everything', small, 3, {}],
    ['one that gives up running everything', stopped, 3, { runs: 300 }],
    ['the random walk', busy, 3, { strategy: 'random' }],
    ['PCT', busy, 3, { strategy: 'pct' }],
    ['POS', busy, 3, { strategy: 'pos' }],
    ['one execution', busy, 3, { strategy: 'natural' }],
    ['an exhaustive search', small, 3, { strategy: 'exhaustive' }],
  ])('together are %s, and run nothing twice', async (_, body, of, options) => {
    const single = await whole(body, options);
    const parts = await split(of, body, options);
    const merged = merge(parts.toReversed()).tests[0]!.report as Report;
    expect(coverage(merged)).toEqual(coverage(single));
    expect(merged.schedules!.length).toBe(single.distinct);
    const numbers = parts.flatMap(({ tests }) => tests[0]!.report.branchTable.map(({ execution }) => execution));
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test('the work is split: what later executions learn from is all that is run by more than one', async () => {
    let ran = 0;
    const counted = async (sim: Sim): Promise<void> => {
      ran += sim.execution;
      await busy(sim);
    };
    await whole(counted, { runs: 400 });
    const all = ran;
    ran = 0;
    await shard('2/4', counted, { runs: 400 });
    expect(ran / all).toBeGreaterThan(0.24);
    expect(ran / all).toBeLessThan(0.27);
  });

  test('a failure is the one that a single run would have met first', async () => {
    const { failure } = await whole(lostUpdate);
    const merged = merge(await split(3, lostUpdate)).tests[0]!.report;
    expect(merged.verdict).toBe('fail');
    expect(merged.failure).toMatchObject({ execution: failure!.execution, token: failure!.token });
    const late = async (sim: Sim): Promise<void> => {
      await busy(sim);
      if (sim.execution > 40) throw new Error('late');
    };
    const parts = await split(3, late);
    expect(parts.map(({ tests }) => tests[0]!.report.failure!.execution)).toEqual([43, 41, 42]);
    expect(merge(parts).tests[0]!.report.failure!.token).toBe((await whole(late)).failure!.token);
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
      Reflect.deleteProperty(process.env, SHARD_VARIABLE);
      return documentOf([{ name: 't', file: 'a', report }], { shard: parseShard(part, 'x') });
    };
    const parts = [await explored('1/2'), await explored('2/2')];
    expect(parts.map(({ verdict }) => verdict)).toEqual(['vacuous', 'pass']);
    expect(merge(parts).verdict).toBe('pass');
  });

  test('that do not belong together are refused in one sentence', async () => {
    const [one, two] = await split(2, busy, { runs: 4 });
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
    expect(refused(documentOf([]))).toContain('the first one is no shard');
    expect(refused(two!, { ...one!, shard: { index: 1, of: 3 } })).toContain('one is part of 3, the first one of 2');
    for (const text of ['0/3', '4/3', '1', 'a/b', '1/0']) {
      expect(() => parseShard(text, '--shard')).toThrow(/^--shard must be one part of several, such as 1\/3/);
    }
  });
});
