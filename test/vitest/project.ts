import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createProject } from '../instrument/compiled.ts';

/** One test of a Vitest run, as its JSON reporter tells it. */
export interface Told {
  readonly title: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
  readonly meta: Record<string, unknown>;
}

export interface Ran {
  readonly code: number;
  readonly output: string;
  readonly tests: ReadonlyMap<string, Told>;
}

/** A project with these files that has straddle installed, and Vitest from here. */
export function project(files: Readonly<Record<string, string>>): string {
  return createProject({ 'package.json': '{ "type": "module" }', ...files });
}

/** Runs a command of the project's own Node in its folder. */
export function execute(
  folder: string,
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [file, ...args],
      { cwd: folder, maxBuffer: 64e6, env: { ...clean(process.env), CI: '1', NO_COLOR: '1', ...env } },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      },
    );
  });
}

/** Runs Vitest itself. */
export async function vitest(
  folder: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const json = join(folder, 'told.json');
  const bin = join(process.cwd(), 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${json}`];
  const { code, stdout, stderr } = await execute(folder, bin, ['run', ...reporters, ...args], env);
  const output = stdout + stderr;
  if (!existsSync(json)) return { code, output, tests: new Map() };
  const { testResults } = JSON.parse(readFileSync(json, 'utf8')) as { testResults: { assertionResults: Told[] }[] };
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  return { code, output, tests: new Map(tests.map((one) => [one.title, one])) };
}

/** Without what the runner of these very tests has put there. */
export function clean(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(VITEST|STRADDLE|NODE_ENV|TEST$|VITE)/.test(name)),
  );
}
