import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BUGS } from '../../examples/real-bugs/bugs.ts';
import type { Report } from '../../src/index.ts';

const isDeep = (process.env['STRADDLE_DEEP'] ?? '') !== '';

interface Line {
  readonly name: string;
  readonly isFound: boolean;
  readonly buggy: Report;
  readonly fixed: Report;
}

function run(args: readonly string[], runs?: number): Promise<{ code: number; out: string; err: string }> {
  // Newer versions of Node warn of what one of the packages looks for.
  const env = {
    ...process.env,
    NODE_NO_WARNINGS: '1',
    NO_COLOR: '1',
    ...(runs === undefined ? {} : { STRADDLE_RUNS: String(runs) }),
  };
  return new Promise((resolve) => {
    execFile('node', ['scripts/real-bugs.mjs', ...args], { env, maxBuffer: 1e8 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

test('the build is there', () => {
  expect(existsSync('dist/examples/real-bugs/main.js')).toBe(true);
});

test('every bug is found, minimised and replayable, and no fixed version fails', async () => {
  // `npm run cases` has the 2,000 executions.
  const { code, out, err } = await run(['--json'], isDeep ? undefined : 200);
  expect(err).toBe('');
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  expect(lines.map(({ name }) => name)).toEqual(BUGS.map(({ name }) => name));
  for (const { name, isFound, buggy, fixed } of lines) {
    expect([name, isFound, fixed.failure?.message]).toEqual([name, true, undefined]);
    const { failure } = buggy;
    expect(failure!.trace.length, name).toBeGreaterThan(3);
    expect([name, failure!.deviations <= 4, failure!.preemptions <= 2]).toEqual([name, true, true]);
    expect(failure!.token).toMatch(/^st1\./);
  }
  expect(code).toBe(0);
}, 120_000);

test('a name that is none is refused in one sentence', async () => {
  const { code, err } = await run(['--only', 'left-pad']);
  expect(code).toBe(2);
  expect(err).toMatch(/^There is no bug of left-pad; there are async-mutex, /);
});

test('docs/real-bugs.md has every package and both versions', () => {
  const docs = readFileSync('docs/real-bugs.md', 'utf8');
  for (const { name, buggy, fixed, issue } of BUGS) {
    expect(docs).toContain(`[${name}](../examples/real-bugs/${name}.ts) | ${buggy} → ${fixed} | ${issue} |`);
  }
});
