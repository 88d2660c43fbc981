import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { StraddleError } from '../../scheduler/error.ts';
import { payload } from '../payload/index.ts';
import type { Axis, Change } from './axes.ts';
import { outcomeOf, type Outcome } from './outcome.ts';
import { variables, VITEST, type Subject } from './subject.ts';

export interface TestToTriage {
  readonly root: string;
  readonly file: string;
  /** What `-t` takes. */
  readonly pattern: string;
  /** Ends a run, which then counts as failed; milliseconds. */
  readonly timeoutMs: number;
}

const COMPANY: Axis = {
  name: 'company',
  cause: 'test order or leaked state',
  kind: 'shift',
  varies: false,
  says: 'it fails at another rate together with the other tests of its file: state leaks between them',
  levels: [{ label: 'the whole file', change: { whole: true } }],
};

interface JsonTest {
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages?: readonly string[];
}

/**
 * One Vitest test, alone or with the rest of its file, each run in a process of its own.
 * @throws StraddleError `vitest` without one; `test-missing`, `test-ambiguous` from its runs.
 */
export function testSubject({ root, file, pattern, timeoutMs }: TestToTriage): Subject {
  let vitest: string;
  try {
    vitest = join(dirname(createRequire(join(root, 'package.json')).resolve('vitest/package.json')), 'vitest.mjs');
  } catch {
    throw new StraddleError('vitest', `No Vitest was found from ${root}: install it there (npm install -D vitest).`);
  }
  const wanted = new RegExp(pattern);
  const plain = payload({ binary: process.execPath, args: [vitest, 'run', file], name: 'vitest' }).cwd(root);
  return {
    name: `${file} -t '${pattern}'`,
    runner: VITEST,
    axes: [COMPANY],
    async run(change = {}, signal) {
      const folders = [mkdtempSync(join(tmpdir(), 'straddle-triage-'))];
      const json = join(folders[0]!, 'tests.json');
      try {
        const from = performance.now();
        const program = plain
          .args(['--reporter=json', `--outputFile.json=${json}`, ...filtered(change, pattern), ...(change.args ?? [])])
          .env(variables(change, folders));
        await using handle = await program.spawn();
        const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]);
        const end = (): void => void handle[Symbol.asyncDispose]();
        limit.addEventListener('abort', end, { once: true });
        const result = await handle.wait();
        limit.removeEventListener('abort', end);
        const ms = performance.now() - from;
        if (limit.aborted) return outcomeOf({ ...result, timedOut: true }, ms);
        return judged(testsIn(json), wanted, file) ?? outcomeOf(result, ms);
      } finally {
        for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
      }
    },
  };

  /** How the one test ended; undefined if Vitest did not get that far. */
  function judged(tests: readonly JsonTest[] | undefined, wanted: RegExp, file: string): Outcome | undefined {
    if (tests === undefined) return undefined;
    const [test, ...more] = tests.filter(({ fullName, status }) => wanted.test(fullName) && status !== 'skipped');
    if (test === undefined) throw new StraddleError('test-missing', `No test in ${file} matches '${pattern}'.`);
    if (more.length > 0) {
      const names = [test, ...more].slice(0, 3).map(({ fullName }) => `'${fullName}'`);
      throw new StraddleError('test-ambiguous', `Several tests match '${pattern}': ${names.join(', ')}; name one.`);
    }
    if (test.status === 'passed') return { passed: true, ms: 0 };
    return outcomeOf(
      { exitCode: 1, signal: null, timedOut: false, stderr: (test.failureMessages ?? []).join('\n'), stdout: '' },
      0,
    );
  }
}

/** Shuffling is of the whole file. */
function filtered({ whole, args }: Change, pattern: string): string[] {
  return whole === true || args !== undefined ? [] : ['-t', pattern];
}

function testsIn(json: string): JsonTest[] | undefined {
  try {
    const { testResults } = JSON.parse(readFileSync(json, 'utf8')) as {
      testResults: { assertionResults: JsonTest[] }[];
    };
    const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
    return tests.length === 0 ? undefined : tests;
  } catch {
    return undefined;
  }
}
