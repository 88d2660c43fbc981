import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { median } from '../properties/statistics.ts';
import type { ReportDocument } from '../src/report/document.ts';
import type { Row } from './main.ts';

const TESTS = 500;
const ROUNDS = 5;

const STORE = `export class Store {
  data = new Map();
  async get(key) { await null; return this.data.get(key); }
  async set(key, value) { await Promise.resolve(); this.data.set(key, value); }
  async add(key, n) { const seen = (await this.get(key)) ?? 0; await this.set(key, seen + n); }
}
`;
const SMALL = Array.from(
  { length: TESTS },
  (_, i) => `test('small ${i}', async () => {
  const store = new Store();
  await store.add('a', ${i});
  await Promise.all([store.add('b', 1), store.set('c', 2)]);
  await new Promise((resolve) => setTimeout(resolve, 1));
  expect(await store.get('a')).toBe(${i});
});
`,
).join('');
/** Tasks of one await each, and the await of all of them. */
const bodyOf = (tasks: number): string => `async () => {
  let done = 0;
  const one = async () => { await Promise.resolve(); done++; };
  await Promise.all([${'one(), '.repeat(tasks)}]);
  expect(done).toBe(${tasks});
}`;

/** What exploring costs inside Vitest, in processes of its own. */
export async function insideVitest(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'straddle-bench-'));
  try {
    install(folder, {
      'package.json': '{ "type": "module" }',
      'vitest.config.js': `import { straddle } from 'straddle/vite';
export default { plugins: process.env.BENCH_PLUGIN ? [straddle()] : [] };`,
      'store.js': STORE,
      'small.test.js': `import { expect, test } from 'vitest';\nimport { Store } from './store.js';\n${SMALL}`,
      'interleavings.test.js': `import { expect, test } from 'straddle/vitest';
import { writeFileSync } from 'node:fs';
let from;
test('starts', () => { from = performance.now(); });
test.interleavings('four awaits', { runs: 100_000, strategy: 'random', seed: 1, vacuity: 'off', timeout: 0 }, ${bodyOf(3)});
test('ends', () => { writeFileSync('elapsed', String(performance.now() - from)); });
`,
      'unchanged.test.js': `import { expect, test } from 'vitest';\ntest('nine awaits', ${bodyOf(8)});\n`,
    });
    return await Promise.resolve([naturalOrder(folder), interleavings(folder), pushButton(folder)]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function naturalOrder(folder: string): Row {
  const pairs: [number, number][] = [];
  const time = (run: () => unknown): number => {
    const from = performance.now();
    run();
    return ((performance.now() - from) * 1e6) / TESTS;
  };
  for (let round = 0; round < ROUNDS; round++) {
    pairs.push([
      time(() => straddle(folder, 'explore', 'small', '--runs', '1')),
      time(() => vitest(folder, {}, 'run', 'small')),
    ]);
  }
  return {
    name: `natural order of ${TESTS} small tests, per test`,
    straddleNs: median(pairs.map(([ours]) => ours)),
    peer: 'plain Vitest',
    peerNs: median(pairs.map(([, theirs]) => theirs)),
    ratio: median(pairs.map(([ours, theirs]) => ours / theirs)),
  };
}

function interleavings(folder: string): Row {
  vitest(folder, { BENCH_PLUGIN: '1' }, 'run', 'interleavings');
  const elapsedMs = Number(readFileSync(join(folder, 'elapsed'), 'utf8'));
  return asked('execution in test.interleavings, 4 awaits', (elapsedMs * 1e6) / 100_000, 20_000);
}

/** With more orders than are run: a smaller space would be exhausted before the code is warm. */
function pushButton(folder: string): Row {
  const told = straddle(folder, 'explore', 'unchanged', '--runs', '5000', '--seed', '1', '--json');
  const { report } = (JSON.parse(told) as ReportDocument).tests[0]!;
  return asked('execution push-button, 9 awaits', (report.elapsedMs * 1e6) / report.executions, 1000);
}

/** Against a rate that was promised. */
function asked(name: string, straddleNs: number, perSecond: number): Row {
  const peerNs = 1e9 / perSecond;
  return { name, straddleNs, peer: `${perSecond} a second`, peerNs, ratio: straddleNs / peerNs };
}

/** As npm would: a copy of straddle, so that Vitest loads it as a package. */
function install(folder: string, files: Readonly<Record<string, string>>): void {
  const modules = dirname(dirname(createRequire(import.meta.url).resolve('vitest/package.json')));
  const root = dirname(modules);
  mkdirSync(join(folder, 'node_modules/straddle'), { recursive: true });
  for (const part of ['dist', 'package.json']) {
    cpSync(join(root, part), join(folder, 'node_modules/straddle', part), { recursive: true });
  }
  for (const name of readdirSync(modules)) {
    if (!name.startsWith('.')) symlinkSync(join(modules, name), join(folder, 'node_modules', name));
  }
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
}

function vitest(folder: string, env: Readonly<Record<string, string>>, ...args: string[]): void {
  execFileSync(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], {
    cwd: folder,
    stdio: 'ignore',
    env: { ...process.env, ...env },
  });
}

function straddle(folder: string, ...args: string[]): string {
  const main = 'node_modules/straddle/dist/src/cli/main.js';
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...args], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  if (status === 2) throw new Error(stderr);
  return stdout;
}
