import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createProject } from './compiled.ts';

const counter = `let n = 0;
export const reset = () => { n = 0; };
export const value = () => n;
const read = async () => n;
export async function add() {
  // straddle: read
  const now = await read();
  n = now + 1;
}
`;

const folder = createProject({
  'package.json': '{ "type": "module" }',
  'vitest.config.js': `import { straddle } from 'straddle/vite';
export default { plugins: [straddle({ include: 'node_modules/pkg/**' })], test: { pool: process.env.POOL ?? 'forks' } };`,
  'node_modules/pkg/package.json': '{ "name": "pkg", "type": "module", "exports": "./index.js" }',
  'node_modules/pkg/index.js': counter,
  'node_modules/plain/package.json': '{ "name": "plain", "type": "module", "exports": "./index.js" }',
  'node_modules/plain/index.js': counter,
  'src/counter.ts': counter,
  'src/late.ts': `export class Late { value: number = 0; add(): Promise<void> | undefined {
  return Promise.resolve(this.value)?.then((now: number) => { this.value = now + 1; }).finally(() => undefined); } }`,
  'src/real.ts': `export const real: string = 'real';`,
  'test/a.test.ts': `import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { explore } from 'straddle';
import * as own from '../src/counter';
import { Late } from '../src/late';
import { real } from '../src/real';
import * as pkg from 'pkg';
import * as plain from 'plain';

const hoisted = await vi.hoisted(async () => {
  await Promise.resolve();
  let n = 0;
  return { reset: () => { n = 0; }, value: () => n, add: async (): Promise<void> => { const now = await Promise.resolve(n); n = now + 1; } };
});
vi.mock(import('../src/real'), async (load) => ({ ...(await load()), real: 'mocked' }));

const lostUpdate = (counter: typeof own) => explore(async (sim) => {
  counter.reset();
  await Promise.all([sim.spawn('a', counter.add), sim.spawn('b', counter.add)]);
  expect(counter.value()).toBe(2);
}, { seed: 1, runs: 50 });

test('the project, a package named in, and what is hoisted', async () => {
  for (const counter of [own, pkg, hoisted]) expect((await lostUpdate(counter)).verdict).toBe('fail');
  expect((await lostUpdate(own)).straddled.map(({ site }) => site)).toContain('read');
});
test('a package that is not named in', async () => {
  expect((await lostUpdate(plain)).failure).toBeUndefined();
});
test('reactions', async () => {
  let late: Late;
  const counter = { ...own, reset: () => { late = new Late(); }, value: () => late.value, add: async () => { await late.add(); } };
  expect((await lostUpdate(counter)).verdict).toBe('fail');
});
test('mocks', () => { expect(real).toBe('mocked'); });
test('stack traces', async () => {
  const bad = async (k: number): Promise<never> => { await k; throw new Error('x'); };
  const error: Error = await bad(1).catch((e: Error) => e);
  const lines = readFileSync(import.meta.filename, 'utf8').split('\\n');
  const line = lines.findIndex((text) => text.includes('throw new Error'));
  expect(error.stack).toContain('a.test.ts:' + (line + 1) + ':' + (lines[line]!.indexOf('new Error') + 1));
});
`,
  'run.js': `import { explore } from 'straddle';
import * as esm from './counter.js';
import cjs from './counter.cjs';
await 0;
const lost = (counter) => explore(async (sim) => {
  counter.reset();
  await Promise.all([sim.spawn('a', counter.add), sim.spawn('b', counter.add)]);
  if (counter.value() !== 2) throw new Error('lost');
}, { seed: 1, runs: 50 });
for (const counter of [esm, cjs]) {
  const { verdict, straddled } = await lost(counter);
  console.log(verdict, straddled.some(({ site }) => site === 'read'));
}
console.log(cjs.facts());
const bad = async () => { await 1; throw new Error('x'); };
await bad().catch((error) => console.log(/run\\.js:\\d+:\\d+/.exec(error.stack)[0]));
`,
  'counter.js': counter,
  'counter.cjs': `const { read } = require('./deep.cjs');
exports.reset = () => { read.n = 0; };
exports.value = () => read.n;
exports.add = async () => {
  // straddle: read
  const now = await read();
  read.n = now + 1;
};
exports.facts = () => [require.main === module, __filename in require.cache, typeof require.resolve.paths, this === exports].join();
`,
  'deep.cjs': `exports.read = async () => exports.read.n;`,
  'broken.js': `await (;`,
});

interface Ended {
  readonly code: number;
  readonly output: string;
}

function node(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const clean = Object.entries(process.env).filter(
      ([name]) => !/^(?:VITEST|NODE_OPTIONS|STRADDLE_|FORCE_COLOR)/.test(name),
    );
    const options = { cwd: folder, env: { ...Object.fromEntries(clean), NO_COLOR: '1', ...env } };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
  });
}

describe('Vitest', () => {
  test.each(['forks', 'threads'])('in %s', async (POOL) => {
    const { code, output } = await node([join('node_modules', 'vitest', 'vitest.mjs'), 'run'], { POOL });
    expect(output).toMatch(/Tests {2}5 passed/);
    expect(code).toBe(0);
  });
});

describe('node --import straddle/register', () => {
  const run = (file: string, env?: Record<string, string>) => node(['--import', 'straddle/register', file], env);

  test('imported and required modules, as they were otherwise', async () => {
    const { code, output } = await run('run.js');
    expect(output.trim().split('\n')).toEqual(['fail true', 'fail true', 'false,true,function,true', 'run.js:15:42']);
    expect(code).toBe(0);
  });

  test('globs come from the environment; those that match nothing are named', async () => {
    const { output } = await run('run.js', { STRADDLE_INCLUDE: '*.js,nowhere/**', STRADDLE_EXCLUDE: '*.cjs' });
    expect(output).toContain('fail true\npass false\n');
    expect(output).toContain("straddle: The include glob 'nowhere/**' matched no file that was loaded.\n");
    expect(output.match(/matched no file/g)).toHaveLength(1);
  });

  test('a file that does not parse', async () => {
    const { code, output } = await run('broken.js');
    expect(output).toMatch(/StraddleError\]?: .*broken\.js:1:8 does not parse: .*\./);
    expect(code).not.toBe(0);
  });
});
