import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProject } from './compiled.ts';

/** Everything that a module may capture when it is loaded, awaited or read. */
const captured = (timers: string, promised: string): string => `${timers}
${promised}
const { setTimeout: captured } = globalThis;
const { now } = Date;
const { random } = Math;
exports.all = async () => {
  const from = now();
  await new Promise((resolve) => captured(resolve, 100_000));
  await new Promise((resolve) => named(resolve, 100_000));
  await sleep(100_000);
  return [now() - from, random()];
};
`;
const esm = captured(
  `import { setTimeout as named } from 'node:timers';`,
  `import { setTimeout as sleep } from 'node:timers/promises';`,
).replace('exports.all =', 'export const all =');

const folder = createProject({
  'package.json': '{ "type": "module" }',
  'captured.js': esm,
  'captured.cjs': captured(
    `const { setTimeout: named } = require('timers');`,
    `const sleep = require('util').promisify(setTimeout);`,
  ),
  'run.js': `import { explore } from 'straddle';
import * as esm from './captured.js';
import cjs from './captured.cjs';
const before = setTimeout;
for (const { all } of [esm, cjs]) {
  const seen = new Set();
  const options = { seed: 1, strategy: 'natural', vacuity: 'off' };
  for (let i = 0; i < 2; i++) {
    const { failure } = await explore(async () => { seen.add(JSON.stringify(await all())); }, options);
    if (failure) throw failure.error ?? new Error(failure.message);
  }
  console.log([...seen].map((one) => one.replace(/,.*/, ', …')).join(' '));
}
console.log(setTimeout === before, Math.abs(Date.now() - performance.timeOrigin - performance.now()) < 60_000);
const real = performance.now();
await new Promise((resolve) => setTimeout(resolve, 30));
console.log(performance.now() - real > 25);
`,
  'vitest.config.js': `import { straddle } from 'straddle/vite';
export default { plugins: [straddle()], test: { pool: process.env.POOL, setupFiles: './setup.js' } };`,
  'setup.js': `import { all } from './captured.js';
globalThis.capturedBySetup = all;`,
  'captured.test.js': `import { expect, test, vi } from 'vitest';
import { explore } from 'straddle';
import { all } from './captured.js';
test('what modules and set-up files captured is controlled', async () => {
  for (const run of [all, globalThis.capturedBySetup]) {
    const { failure } = await explore(async () => expect((await run())[0]).toBe(300_000), { strategy: 'natural', vacuity: 'off' });
    expect(failure).toBeUndefined();
  }
});
test('outside, timers, clocks and Vitest itself are as ever', async () => {
  const from = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(performance.now() - from).toBeGreaterThan(25);
  vi.useFakeTimers();
  let fired = false;
  setTimeout(() => { fired = true; }, 1000);
  vi.advanceTimersByTime(1000);
  vi.useRealTimers();
  expect(fired).toBe(true);
  await vi.waitFor(() => expect(performance.now() - from).toBeGreaterThan(60));
});
`,
});

function node(args: string[], env: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve) => {
    const clean = Object.entries(process.env).filter(
      ([name]) => !/^(?:VITEST|NODE_OPTIONS|STRADDLE_|FORCE_COLOR)/.test(name),
    );
    const options = { cwd: folder, env: { ...Object.fromEntries(clean), NO_COLOR: '1', ...env } };
    execFile(process.execPath, args, options, (_, stdout, stderr) => resolve(stdout + stderr));
  });
}

test('straddle/register puts dispatchers in place before user modules load', async () => {
  const output = await node(['--import', 'straddle/register', 'run.js']);
  expect(output).toBe('[300000, …\n[300000, …\ntrue true\ntrue\n');
});

test.each(['forks', 'threads'])(
  'straddle/vite puts dispatchers in place before set-up files load, in %s',
  async (POOL) => {
    const output = await node([join('node_modules', 'vitest', 'vitest.mjs'), 'run'], { POOL });
    expect(output).toMatch(/Tests {2}2 passed/);
  },
);
