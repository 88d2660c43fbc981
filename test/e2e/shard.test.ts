import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parseDocument } from '../../src/report/files.ts';
import { execute, project } from '../vitest/project.ts';

const main = resolve('dist/src/cli/main.js');
/** Too many schedules to run, and few enough to run them all. */
const SUITE = `
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
const io = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
test('adds in any order', async () => {
  const log = [];
  const task = async (name) => { await io(1); log.push(name); await io(1); log.push(name); };
  await Promise.all(['a', 'b', 'c'].map(task));
  expect(log.length).toBe(6);
});
test('reads in any order', async () => {
  const log = [];
  const task = async (name) => { for (let i = 0; i < 3; i++) { await readFile(import.meta.filename); log.push(name); } };
  await Promise.all(['a', 'b'].map(task));
  expect(log.length).toBe(6);
});
`;

test('explore --shard 1/3 … 3/3 and merge have the schedules and the coverage of the run without shards', async () => {
  const folder = project({ 'a.test.js': SUITE, 'vitest.config.js': `export default { test: { pool: 'threads' } };` });
  const explored = async (...shard: string[]): Promise<string> => {
    const args = ['explore', '--seed', '7', '--runs', '60', '--json', ...shard];
    const { code, stdout, stderr } = await execute(folder, main, args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  const parts = ['1/3', '2/3', '3/3'];
  const [whole, ...shards] = await Promise.all([explored(), ...parts.map((part) => explored('--shard', part))]);
  const files = shards.map((text, i) => {
    writeFileSync(join(folder, `shard-${i}.json`), text);
    return `shard-${i}.json`;
  });
  const { stdout, code } = await execute(folder, main, ['merge', '--json', ...files]);
  expect(code).toBe(0);
  for (const i of [0, 1]) {
    const coverage = (text: string): object => {
      const { executions, steps, distinct, exhaustive, branches, statistics, straddled } = parseDocument(text, 'it')
        .tests[i]!.report;
      const sites = straddled.toSorted((a, b) => a.site.localeCompare(b.site));
      return { executions, steps, distinct, exhaustive, branches, statistics, sites };
    };
    expect(coverage(stdout)).toEqual(coverage(whole));
    const merged = parseDocument(stdout, 'merged').tests[i]!.report;
    expect(merged.schedules!.length).toBe(merged.distinct);
    expect(merged.distinct).toBeGreaterThan(20);
    // What each shard has seen is a part of it.
    const alone = shards.map((text) => parseDocument(text, 'shard').tests[i]!.report.executions);
    expect(Math.max(...alone)).toBeLessThanOrEqual(merged.executions / 3 + 3);
  }
}, 60_000);

test('merge of what is no shard is one sentence and exit code 2', async () => {
  const folder = project({ 'one.json': '{"schema":"straddle-report/1"}' });
  const { code, stdout, stderr } = await execute(folder, main, ['merge', 'one.json']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^straddle: [^\n]*\n$/);
});
