import assert from 'node:assert';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { explore } from '../../../src/index.ts';
import { casesOf, type Case } from './suites.ts';

const DEEP = process.env['STRADDLE_DEEP'] === '1';
/** Random seeds under which each test runs, beside natural order. */
const SEEDS = 20;
/** Of the tests, every so many run under the seeds unless it is asked for all. */
const EVERY = DEEP ? 1 : 10;

const require = createRequire(import.meta.url);
const folderOf = (name: string, path: string): string => join(dirname(require.resolve(`${name}/package.json`)), path);

const adapter = {
  resolved: (value: unknown) => Promise.resolve(value),
  rejected(reason: unknown) {
    const promise = Promise.reject(reason as Error);
    // Some are made when the suite is loaded, for a test that may not run.
    promise.catch(() => undefined);
    return promise;
  },
  deferred() {
    let resolve!: (value: unknown) => void;
    let reject!: (reason: unknown) => void;
    const promise = new Promise((yes, no) => ([resolve, reject] = [yes, no]));
    return { promise, resolve, reject };
  },
};

/** Runs one test in a controlled execution. Its rejections are its own affair, as in Mocha. */
async function run({ run: body }: Case, strategy: 'natural' | 'random', seed: number): Promise<string | undefined> {
  let passed = false;
  const { failure } = await explore(
    async () => {
      passed = false;
      await body();
      passed = true;
    },
    // A test that waits "long enough" must not be overtaken by its own timer.
    { strategy, seed, runs: 1, time: 'idle', vacuity: 'off', leaks: 'off' },
  );
  if (failure === undefined || (passed && failure.kind === 'unhandled-rejection')) return undefined;
  return `${failure.kind}: ${failure.message}`;
}

async function failures(cases: readonly Case[], strategy: 'natural' | 'random', seed: number): Promise<string[]> {
  const failed: string[] = [];
  for (const one of cases) {
    const message = await run(one, strategy, seed);
    if (message !== undefined) failed.push(`${one.name}: ${message}`);
  }
  return failed;
}

const suites = [
  ['Promises/A+', folderOf('promises-aplus-tests', 'lib/tests'), { adapter }, 872],
  ['ECMAScript promises', folderOf('promises-es6-tests', 'tests'), { assert }, 50],
] as const;

describe.each(suites)('%s', (_, folder, globals, least) => {
  describe.each([
    ['as it is', false],
    ['instrumented', true],
  ])('%s', (_, instrumented) => {
    const cases = casesOf(folder, { instrumented, globals });

    test('passes in natural order', async () => {
      expect(cases.length).toBeGreaterThanOrEqual(least);
      expect(await failures(cases, 'natural', 1)).toEqual([]);
    });

    // Which of two promises' reactions runs first is a choice then, and the ECMAScript suite counts microtasks.
    if (instrumented && folder !== suites[0][1]) return;
    test(`passes under ${SEEDS} random seeds`, async () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const some = cases.filter((_, i) => (i + seed) % EVERY === 0);
        expect(await failures(some, 'random', seed)).toEqual([]);
      }
    });
  });
});

test('a broken promise is noticed', async () => {
  const [, folder, globals] = suites[0];
  const broken = { ...adapter, resolved: () => Promise.resolve('something else') };
  const cases = casesOf(folder, { instrumented: false, globals: { ...globals, adapter: broken } });
  const some = cases.filter(({ name }) => name.includes('already-fulfilled')).slice(0, 10);
  expect(await failures(some, 'natural', 1)).not.toEqual([]);
});
