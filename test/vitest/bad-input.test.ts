import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { execute, project } from './project.ts';

const PASSING = `import { expect, test } from 'vitest'; test('x', async () => { await 1; expect(1).toBe(1); });`;

const folder = project({
  'a.test.js': PASSING,
  'unparsable.test.js': `import { test } from 'vitest';\nimport './broken.js';\ntest('x', () => {});`,
  'broken.js': 'export const = 1;\n',
  'throws.config.js': `throw new Error('the configuration is broken');`,
  'syntax.config.js': `export default {`,
  'runner.config.js': `export default { test: { runner: './own-runner.js' } };`,
  'own-runner.js': `export default class {}`,
});
const explore = (...args: readonly string[]) =>
  execute(folder, 'node_modules/straddle/dist/src/cli/main.js', ['explore', ...args]);

test.each([
  [
    'a config that throws',
    ['--config', 'throws.config.js'],
    /Vitest's configuration failed: .*the configuration is broken/,
  ],
  ['a config that does not parse', ['--config', 'syntax.config.js'], /Vitest's configuration failed: ./],
  [
    'a config that is not there',
    ['--config', 'none.config.js'],
    /Vitest's configuration failed: there is no file none\.config\.js/,
  ],
  [
    'a runner of the user',
    ['--config', 'runner.config.js'],
    /sets a runner \(.*own-runner\.js\), and straddle needs that place/,
  ],
  [
    'an include glob that matches nothing',
    ['a.test', '--include', 'nowhere/**'],
    /The include glob 'nowhere\/\*\*' matched no file/,
  ],
  ['an empty include glob', ['--include', ''], /An include or exclude glob is empty/],
  ['a file that does not parse', ['unparsable'], /broken\.js:1:\d+ does not parse: ./],
  ['a filter that matches nothing', ['no-such-file'], /No test file matches 'no-such-file'/],
  ['a name that no test has', ['a.test', '-t', 'nobody'], /No test that would run matches -t 'nobody' in 1 file/],
  ['a project that is not there', ['--project', 'nowhere'], /./],
  [
    'runs that are no number',
    ['--runs', 'many'],
    /'--runs <n>' argument 'many' is invalid\. It must be a whole number from 1/,
  ],
  ['a time mode that is none', ['--time', 'fast'], /idle, mixed, elastic/],
  ['an option that is none', ['--rnus', '3'], /unknown option '--rnus'.*--runs/],
])('%s: one sentence, exit code 2', async (_, args, sentence) => {
  const { code, stdout, stderr } = await explore(...args);
  expect(stderr).toMatch(/^straddle: [^\n]+\n$/);
  expect(stderr).toMatch(sentence);
  expect(stdout).toBe('');
  expect(code).toBe(2);
});

test('a store that cannot be read or written: what is known is told, then one sentence, exit code 2', async () => {
  const store = join(folder, '.straddle');
  rmSync(store, { recursive: true, force: true });
  writeFileSync(store, 'in the way');
  const { code, stdout, stderr } = await explore('a.test', '--budget', '1m');
  rmSync(store);
  expect(stdout).toMatch(/^1 test in 1 file/);
  expect(stderr).toMatch(/^straddle: The report cannot be written to \.straddle\/last\.json \((EEXIST|ENOTDIR)\)\.\n$/);
  expect(code).toBe(2);
});

test('no Vitest: one sentence, exit code 2', async () => {
  rmSync(join(folder, 'node_modules/vitest'), { recursive: true });
  const { code, stdout, stderr } = await explore();
  expect(stderr).toMatch(/^straddle: No Vitest was found from [^\n]+\n$/);
  expect([code, stdout]).toEqual([2, '']);
});
