import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { CheckError } from '../../../src/fast-check.ts';
import { interleavings } from '../../../src/fast-check.ts';
import { explore, type Step } from '../../../src/index.ts';
import { createProject, javascript } from '../../instrument/compiled.ts';
import { concurrently, operations, type Operation } from './bank.ts';

const property = fc.asyncProperty(operations, concurrently);

/** What is the same wherever the token is replayed. */
interface Told {
  readonly seed: number;
  readonly counterexamplePath: string | null;
  readonly counterexample: [Operation[]] | null;
  readonly trace: readonly Step[];
}

async function failure(
  parameters: fc.Parameters<[Operation[]]>,
): Promise<{ error: CheckError; told: Told; numShrinks: number }> {
  const details = await fc.check(property, parameters);
  const error = details.errorInstance as CheckError;
  const { seed, counterexamplePath, counterexample, numShrinks } = details;
  return { error, told: { seed, counterexamplePath, counterexample, trace: error.report.failure!.trace }, numShrinks };
}

describe('a token brings back value and order', () => {
  const found = failure({ seed: 5, plugins: [interleavings({ runs: 50 })] });

  afterEach(() => vi.unstubAllEnvs());

  test('as an option: the same seed, path, value, order and error, and nothing else is run', async () => {
    const { error, told, numShrinks } = await found;
    let executions = 0;
    const counting = fc.asyncProperty(operations, (list) => (executions++, concurrently(list)));
    const { token } = error.report.failure!;
    const details = await fc.check(counting, { plugins: [interleavings({ replay: token })] });
    const again = details.errorInstance as CheckError;
    expect(told).toEqual({
      seed: details.seed,
      counterexamplePath: details.counterexamplePath,
      counterexample: details.counterexample,
      trace: again.report.failure!.trace,
    });
    expect([details.numShrinks, executions]).toEqual([numShrinks, 1]);
    expect(again.report.failure!.token).toBe(token);
    expect(again.message).toContain(`STRADDLE_REPLAY=${token}`);
  });

  test("in the environment, and with fast-check's seed and path beside it", async () => {
    const { error, told } = await found;
    vi.stubEnv('STRADDLE_REPLAY', error.report.failure!.token);
    expect((await failure({ plugins: [interleavings()] })).told).toEqual(told);
    const { seed, counterexamplePath: path } = told;
    const again = await failure({ seed, path: path!, endOnFailure: true, plugins: [interleavings()] });
    expect(again.told).toEqual(told);
  });

  test('in a fresh process, on any version of Node', async () => {
    const { error, told } = await found;
    const { seed, counterexamplePath: path } = told;
    const { token } = error.report.failure!;
    const here = 'node_modules/straddle/dist/test/properties/fast-check';
    const files = Object.fromEntries(
      ['bank', 'child'].map((name) => {
        const source = readFileSync(join(import.meta.dirname, `${name}.ts`), 'utf8');
        return [`${here}/${name}.js`, javascript(source)];
      }),
    );
    const child = join(createProject(files), here, 'child.js');
    const run = (parameters: object): string =>
      execFileSync(process.execPath, [child, JSON.stringify(parameters)], {
        env: { ...process.env, STRADDLE_REPLAY: token },
        encoding: 'utf8',
      });
    const outputs = [run({}), run({ seed, path, endOnFailure: true })];
    for (const output of outputs) {
      const { message, trace } = JSON.parse(output) as { message: string; trace: { task: string; op: string }[] };
      expect(message).toContain(`{ seed: ${seed}, path: "${path}", endOnFailure: true }`);
      expect(message).toContain('an increment was lost');
      const names = told.trace.map(({ task, op }) => `${task} ${op}`);
      expect(trace.map(({ task, op }) => `${task} ${op}`)).toEqual(names);
    }
  });

  test('passes where the failure is mended, and says so where the program has become another', async () => {
    const { token } = (await found).error.report.failure!;
    const plugins = [interleavings({ replay: token })];
    let runs = 0;
    const mended = fc.asyncProperty(operations, async (list) => {
      runs++;
      await concurrently(list).catch(() => undefined);
    });
    await fc.assert(mended, { plugins });
    expect(runs).toBe(1);
    const other = fc.assert(
      fc.asyncProperty(operations, async () => undefined),
      { plugins },
    );
    await expect(other).rejects.toThrow(/Property failed/);
    const { errorInstance } = await fc.check(
      fc.asyncProperty(operations, async () => undefined),
      { plugins },
    );
    expect((errorInstance as Error).message).toContain('This token does not fit the body any more');
  });

  test('wrong tokens are one sentence', async () => {
    const { token } = (await found).error.report.failure!;
    const assertion = (replay: string, parameters = {}): Promise<void> =>
      fc.assert(property, { ...parameters, plugins: [interleavings({ replay })] });
    await expect(async () => assertion('st1.x')).rejects.toThrow('This token is damaged');
    await expect(assertion(token, { numRuns: 0 })).rejects.toThrow(/give fast-check the seed 5 and the path/);
    const report = await explore(
      async (sim) => {
        const fail = async (): Promise<void> => {
          await sim.point('p');
          throw new Error('always');
        };
        await sim.spawn('a', fail);
      },
      { vacuity: 'off' },
    );
    await expect(async () => assertion(report.failure!.token)).rejects.toThrow('it is of an exploration');
  });
});
