import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TriageDocument } from '../../src/triage/document.ts';
import { execute, project, vitest } from '../vitest/project.ts';

const zoo = resolve('test/fixtures/zoo');
const files = Object.fromEntries(readdirSync(zoo).map((name) => [name, readFileSync(join(zoo, name), 'utf8')]));
const main = resolve('dist/src/cli/main.js');
const CONFIG = `import { straddle } from 'straddle/vite';\nexport default { plugins: [straddle()] };\n`;

async function triaged(folder: string, file: string, pattern: string, runs: number): Promise<TriageDocument> {
  const args = ['triage', '--json', '--runs', String(runs), `${file}.test.ts`, '-t', pattern];
  const { stdout, stderr } = await execute(folder, main, args);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as TriageDocument;
}

/** With the regression test pasted at its end: how that test ends. */
async function pasted(file: string, source: string, regressionTest: string): Promise<string | undefined> {
  const folder = project({
    ...files,
    'vitest.config.ts': CONFIG,
    [`${file}.test.ts`]: `${source}\n${regressionTest}\n`,
  });
  const { tests } = await vitest(folder, [`${file}.test.ts`]);
  return [...tests.values()].find(({ title }) => title.endsWith('in any order'))?.status;
}

const isDeep = process.env['STRADDLE_DEEP'] !== undefined;

// The true cause is in each fixture's first line.
describe('triage of a flaky test', () => {
  test('order: the shortest failing story, its token, and a regression test to paste', async () => {
    const document = await triaged(project(files), 'order-counter', 'keeps both', 1);
    expect(document.cause).toBe('order');
    const { order } = document;
    expect(order).toMatchObject({ reach: 'today', token: expect.stringMatching(/^st1\./) as string });
    expect(order!.story).toMatch(/^error: expected [12] to be 3/);
    expect(order!.regressionTest).toMatch(
      /\nanyOrder\.interleavings\("keeps both deposits in any order", async \(\) => \{\n {2}const account = new Account\(\);\n[^]*\n\}\);$/,
    );
  }, 120_000);

  test.runIf(isDeep).each<[string, string, [string, string]]>([
    ['order-counter', 'keeps both', ['this.balance = before + amount;', 'this.balance += amount;']],
    [
      'order-lock',
      'lets one in',
      [
        '    await readFile(new URL(import.meta.url));',
        '    this.taken = true;\n    await readFile(new URL(import.meta.url));',
      ],
    ],
  ])(
    '%s: its regression test fails on the broken code and passes on the fixed',
    async (file, pattern, [broken, fixed]) => {
      const { cause, order } = await triaged(project(files), file, pattern, 2);
      expect(cause).toBe('order');
      const source = files[`${file}.test.ts`]!;
      expect(source).toContain(broken);
      expect(await pasted(file, source, order!.regressionTest)).toBe('failed');
      expect(await pasted(file, source.replace(broken, fixed), order!.regressionTest)).toBe('passed');
    },
    300_000,
  );

  test.runIf(isDeep).each([
    ['latent-cache', 'keeps the latest', 'latent order', 2],
    ['latent-ready', 'is ready', 'latent order', 2],
    ['leak-registry', 'is empty', 'test order or leaked state', 8],
    ['leak-setup', 'sends', 'test order or leaked state', 8],
  ] as const)(
    '%s -t %s: %s',
    async (file, pattern, cause, runs) => {
      expect((await triaged(project(files), file, pattern, runs)).cause).toBe(cause);
    },
    300_000,
  );

  test.runIf(isDeep)(
    'time: of two close timers, which one decides, with its story and token',
    async () => {
      const { cause, evidence, order } = await triaged(project(files), 'time-close', 'shows what', 10);
      expect(cause).toBe('time');
      expect(evidence.at(-1)).toMatch(/^A timer decides: it passes if /);
      expect(order!.story).toMatch(
        /only if the \d+ ms timeout at time-close\.test\.ts:5:\d+ elapses before|took \d+ ms/,
      );
    },
    300_000,
  );

  test('wrong use is one sentence and exit code 2', async () => {
    const folder = project({ 'a.test.ts': "import { test } from 'vitest';\ntest('one', () => {});\n" });
    for (const [args, sentence] of [
      [['a.test.ts', '-t', 'two'], "No test in a.test.ts matches 'two'."],
      [['a.test.ts', 'b.test.ts', '-t', 'one'], '-t names a test of one file'],
    ] as const) {
      const { code, stdout, stderr } = await execute(folder, main, ['triage', ...args]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^straddle: [^\n]*\n$/);
      expect(stderr).toContain(sentence);
    }
  }, 60_000);
});
