import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createProject, javascript } from '../../instrument/compiled.ts';
import type { Answer, Question } from './digest.ts';

/** A process that has never run anything: compiled code, no test runner. Call once per test file. */
export function freshProcess(): (questions: readonly Question[], env?: NodeJS.ProcessEnv) => Answer[] {
  const here = 'node_modules/straddle/dist/test/properties/programs';
  const files: Record<string, string> = {};
  for (const name of readdirSync(import.meta.dirname)) {
    files[`${here}/${name.replace(/ts$/, 'js')}`] = javascript(readFileSync(join(import.meta.dirname, name), 'utf8'));
  }
  const child = join(createProject(files), here, 'child.js');
  return (questions, env = {}) => {
    const input = questions.map((question) => `${JSON.stringify(question)}\n`).join('');
    const output = execFileSync(process.execPath, [child], {
      input,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      env: { ...process.env, ...env },
    });
    return output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Answer);
  };
}
