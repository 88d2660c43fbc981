import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createProject, javascript } from '../../../instrument/compiled.ts';
import type { Command } from './child.ts';

const here = 'node_modules/straddle/dist/test/scheduler/world/io';
const certificate = 'node_modules/straddle/dist/test/fixtures/loopback.pem';

/** Where a command runs: the path of a Node, and what its environment has in addition. */
export interface Runtime {
  readonly node?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Processes that run `child.ts`, compiled, without a test runner. Call once per test file. */
export function freshProcess(): (command: Command, runtime?: Runtime) => Promise<Record<string, string>> {
  const files: Record<string, string> = {
    [certificate]: readFileSync(join(import.meta.dirname, '../../../fixtures/loopback.pem'), 'utf8'),
  };
  for (const name of readdirSync(import.meta.dirname)) {
    if (name.endsWith('.test.ts')) continue;
    files[`${here}/${name.replace(/ts$/, 'js')}`] = javascript(readFileSync(join(import.meta.dirname, name), 'utf8'));
  }
  const folder = createProject(files);
  return async (command, { node = process.execPath, env = {} } = {}) => {
    const options = process.execArgv.filter((one) => one.startsWith('--expose'));
    const args = [...options, join(folder, here, 'child.js'), JSON.stringify(command)];
    const { stdout } = await promisify(execFile)(node, args, { env: { ...process.env, ...env } });
    return JSON.parse(stdout) as Record<string, string>;
  };
}
