import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parseDocument } from '../../src/report/files.ts';
import { execute, project } from '../vitest/project.ts';

const main = resolve('dist/src/cli/main.js');
const SUITE = `
import { expect, test } from 'vitest';
const io = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
test('adds in any order', async () => {
  const log = [];
  const task = async (name) => { await io(1); log.push(name); await io(1); log.push(name); };
  await Promise.all(['a', 'b', 'c'].map(task));
  expect(log.length).toBe(6);
});
`;

test.runIf(process.env['STRADDLE_DEEP'] !== undefined)(
  'explore --shard 1/3 … 3/3 and merge have the schedules and the coverage of one run',
  async () => {
    const folder = project({ 'a.test.js': SUITE });
    const explored = async (shard: string): Promise<string> => {
      const args = ['explore', '--shard', shard, '--runs', '60', '--json'];
      const { code, stdout, stderr } = await execute(folder, main, args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const file = `shard-${shard.replace('/', '-')}.json`;
      writeFileSync(join(folder, file), stdout);
      return file;
    };
    const files = [await explored('1/3'), await explored('2/3'), await explored('3/3')];
    const { stdout, code } = await execute(folder, main, ['merge', '--json', ...files]);
    expect(code).toBe(0);
    const merged = parseDocument(stdout, 'merged').tests[0]!.report;
    const whole = await execute(folder, main, ['merge', '--json', await explored('1/1')]);
    const { report } = parseDocument(whole.stdout, 'whole').tests[0]!;
    expect(merged.distinct).toBeGreaterThan(20);
    expect(merged.schedules).toEqual(report.schedules);
    expect([merged.executions, merged.steps, merged.distinct]).toEqual([
      report.executions,
      report.steps,
      report.distinct,
    ]);
    const sites = ({ straddled }: typeof merged): object => straddled.toSorted((a, b) => a.site.localeCompare(b.site));
    expect(sites(merged)).toEqual(sites(report));
  },
  120_000,
);

test('merge of what does not belong together is one sentence and exit code 2', async () => {
  const folder = project({ 'one.json': '{"schema":"straddle-report/1"}' });
  for (const file of ['one.json', 'none.json']) {
    const { code, stdout, stderr } = await execute(folder, main, ['merge', file]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^straddle: [^\n]*\n$/);
  }
});
