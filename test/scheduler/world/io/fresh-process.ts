import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createProject, javascript } from '../../../instrument/compiled.ts';

const here = 'node_modules/straddle/dist/test/scheduler/world/io';

/** Processes that run a file of this folder, compiled, without a test runner. Call once per test file. */
export function freshProcess(): (file: string, args?: string[], env?: NodeJS.ProcessEnv) => Promise<string> {
  const files: Record<string, string> = {};
  for (const name of readdirSync(import.meta.dirname)) {
    if (name.endsWith('.test.ts')) continue;
    files[`${here}/${name.replace(/ts$/, 'js')}`] = javascript(readFileSync(join(import.meta.dirname, name), 'utf8'));
  }
  const folder = createProject(files);
  return async (file, args = [], env = {}) => {
    const command = [
      ...process.execArgv.filter((one) => one.startsWith('--expose')),
      join(folder, here, file),
      ...args,
    ];
    const { stdout } = await promisify(execFile)(process.execPath, command, { env: { ...process.env, ...env } });
    return stdout.trim();
  };
}
