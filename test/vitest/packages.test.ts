import { beforeAll, describe, expect, test } from 'vitest';
import { parseDocument } from '../../src/report/files.ts';
import { summarise, type Summary } from '../../src/vitest/summary.ts';
import { execute, project, vitest, type Ran } from './project.ts';

const head = `import { beforeEach, expect, test } from 'vitest';
const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
`;

/** Suites as a user of these packages writes them. */
const SUITES = {
  'async-mutex.test.js': `${head}import { Mutex, Semaphore, withTimeout } from 'async-mutex';
let mutex;
beforeEach(() => { mutex = new Mutex(); });
test('excludes', async () => {
  let inside = 0, most = 0;
  const work = () => mutex.runExclusive(async () => { most = Math.max(most, ++inside); await delay(1); inside--; });
  await Promise.all([work(), work(), work()]);
  expect([most, inside]).toEqual([1, 0]);
});
test('no update is lost', async () => {
  let balance = 0;
  const deposit = (n) => mutex.runExclusive(async () => { const seen = balance; await delay(1); balance = seen + n; });
  await Promise.all([deposit(1), deposit(2), deposit(3)]);
  expect(balance).toBe(6);
});
test('a semaphore lets two in', async () => {
  const semaphore = new Semaphore(2);
  let inside = 0, most = 0;
  await Promise.all([1, 2, 3, 4].map(() => semaphore.runExclusive(async () => { most = Math.max(most, ++inside); await delay(1); inside--; })));
  expect(most).toBe(2);
});
test('times out', async () => {
  const release = await mutex.acquire();
  await expect(withTimeout(mutex, 20).acquire()).rejects.toThrow(/timeout/);
  release();
  await mutex.runExclusive(() => delay(1));
});
`,
  'p-limit.test.js': `${head}import pLimit from 'p-limit';
test('limits', async () => {
  const limit = pLimit(2);
  let inside = 0, most = 0;
  const results = await Promise.all([1, 2, 3, 4, 5].map((n) => limit(async () => { most = Math.max(most, ++inside); await delay(n); inside--; return n; })));
  expect(most).toBe(2);
  expect(results).toEqual([1, 2, 3, 4, 5]);
});
test('counts', async () => {
  const limit = pLimit(1);
  const first = limit(() => delay(5)), second = limit(() => delay(5));
  await Promise.resolve();
  expect(limit.activeCount + limit.pendingCount).toBe(2);
  await Promise.all([first, second]);
  expect([limit.activeCount, limit.pendingCount]).toEqual([0, 0]);
});
test('an error frees its place', async () => {
  const limit = pLimit(1);
  await expect(limit(async () => { await delay(1); throw new Error('x'); })).rejects.toThrow('x');
  expect(await limit(async () => 'next')).toBe('next');
});
`,
  'p-queue.test.js': `${head}import PQueue from 'p-queue';
test('runs in order of priority', async () => {
  const queue = new PQueue({ concurrency: 1, autoStart: false });
  const log = [];
  for (const [name, priority] of [['low', 0], ['high', 2], ['middle', 1]]) void queue.add(async () => { await delay(1); log.push(name); }, { priority });
  queue.start();
  await queue.onIdle();
  expect(log).toEqual(['high', 'middle', 'low']);
});
test('limits', async () => {
  const queue = new PQueue({ concurrency: 2 });
  let inside = 0, most = 0;
  await queue.addAll([1, 2, 3, 4].map((n) => async () => { most = Math.max(most, ++inside); await delay(n); inside--; }));
  expect(most).toBe(2);
});
test('pauses', async () => {
  const queue = new PQueue({ concurrency: 1 });
  queue.pause();
  let ran = false;
  const added = queue.add(async () => { ran = true; });
  await delay(10);
  expect(ran).toBe(false);
  queue.start();
  await added;
  expect(ran).toBe(true);
});
`,
  'lru-cache.test.js': `${head}import { LRUCache } from 'lru-cache';
test('fetches once', async () => {
  let loads = 0;
  const cache = new LRUCache({ max: 10, fetchMethod: async (key) => { loads++; await delay(5); return key + '!'; } });
  expect(await Promise.all([cache.fetch('a'), cache.fetch('a'), cache.fetch('b')])).toEqual(['a!', 'a!', 'b!']);
  expect(loads).toBe(2);
});
test('forgets the oldest', async () => {
  const cache = new LRUCache({ max: 2, fetchMethod: async (key) => { await delay(1); return key; } });
  for (const key of ['a', 'b', 'c']) await cache.fetch(key);
  expect([cache.has('a'), cache.has('b'), cache.has('c')]).toEqual([false, true, true]);
});
`,
  'keyv.test.js': `${head}import Keyv from 'keyv';
import { put } from './src/put.js';
test('keeps values', async () => {
  const keyv = new Keyv();
  await Promise.all([keyv.set('a', 1), keyv.set('b', 2)]);
  expect(await Promise.all([keyv.get('a'), keyv.get('b'), keyv.get('c')])).toEqual([1, 2, undefined]);
});
test('deletes', async () => {
  const keyv = new Keyv();
  await keyv.set('a', 1);
  expect(await keyv.delete('a')).toBe(true);
  expect(await keyv.has('a')).toBe(false);
});
test('a counter of its own is not atomic', async () => {
  const keyv = new Keyv();
  const add = async () => { const n = (await keyv.get('n')) ?? 0; await keyv.set('n', n + 1); };
  await add();
  await Promise.all([add(), add()]);
  expect([2, 3]).toContain(await keyv.get('n'));
});
test('first in, first stored', async () => {
  const keyv = new Keyv();
  await Promise.all([put(keyv, 'a'), put(keyv, 'b')]);
  expect(await keyv.get('x')).toBe('b');
});
`,
};

const folder = project({
  'vitest.config.js': 'export default {};',
  'src/put.js': `export async function put(keyv, value) {
  if ((await keyv.get('x')) === value) return;
  await keyv.set('x', value);
}`,
  ...SUITES,
});

let plain: Ran;
let summary: Summary;
beforeAll(async () => {
  plain = await vitest(folder);
  const main = 'node_modules/straddle/dist/src/cli/main.js';
  const { stdout, stderr } = await execute(folder, main, ['explore', '--json', '--seed', '3', '--runs', '100']);
  expect(stderr).toBe('');
  summary = summarise(parseDocument(stdout, 'stdout').tests);
});

describe('suites of five published packages', () => {
  test('pass by themselves', () => {
    expect([...plain.tests.values()].filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(plain.tests.size).toBe(15);
  });

  test('nothing is reported but the one test that relies on the order', () => {
    expect(summary.dependent.map(({ name }) => name)).toEqual(['first in, first stored']);
    const { failing, notRepeatable, uncontrolled, tick } = summary;
    expect([failing, notRepeatable, uncontrolled, tick].flat().map(({ name, remark }) => [name, remark])).toEqual([]);
  });

  test('with the awaits that decide', () => {
    const { failure } = summary.dependent[0]!.report;
    expect(failure!.reach).toBe('latent');
    expect(failure!.trace.map(({ site }) => site)).toContain('src/put.js:2:8');
  });

  test('most have many orders', () => {
    expect(summary.independent.length).toBeGreaterThanOrEqual(3);
    for (const { report } of summary.independent) expect(report.distinct).toBeGreaterThan(1);
  });
});
