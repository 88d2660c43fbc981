import { beforeAll, expect, test } from 'vitest';
import type { TestReport } from '../../src/report/document.ts';
import { parseDocument } from '../../src/report/files.ts';
import { execute, project, vitest, type Ran } from './project.ts';

const FAKE = `
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
const debounce = (f, ms) => { let t; return (...a) => { clearTimeout(t); t = setTimeout(() => f(...a), ms); }; };
const retry = async (f, n) => { for (let i = 0; ; i++) { try { return await f(); } catch (e) { if (i === n) throw e; await new Promise((r) => setTimeout(r, 100 * 2 ** i)); } } };
describe('fake timers in hooks', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });
  test('debounces', () => { const f = vi.fn(); const d = debounce(f, 100); d(1); d(2); vi.advanceTimersByTime(99); expect(f).not.toHaveBeenCalled(); vi.advanceTimersByTime(1); expect(f).toHaveBeenCalledExactlyOnceWith(2); });
  test('retries', async () => { let n = 0; const p = retry(async () => { if (++n < 4) throw new Error('no'); return n; }, 5); await vi.advanceTimersByTimeAsync(700); expect(await p).toBe(4); });
  test('runs all', async () => { let n = 0; const p = retry(async () => { if (++n < 3) throw new Error('no'); return n; }, 5); await vi.runAllTimersAsync(); expect(await p).toBe(3); });
  test('next', async () => { const log = []; setTimeout(() => log.push('a'), 10); setTimeout(() => log.push('b'), 20); await vi.advanceTimersToNextTimerAsync(); expect(log).toEqual(['a']); await vi.advanceTimersToNextTimerAsync(); expect(log).toEqual(['a', 'b']); });
  test('system time', async () => { vi.setSystemTime(new Date('2030-01-01')); expect(new Date().getFullYear()).toBe(2030); await vi.advanceTimersByTimeAsync(1000); expect(Date.now()).toBe(new Date('2030-01-01').getTime() + 1000); });
  test('pending ones', async () => { const f = vi.fn(); const i = setInterval(f, 10); await vi.advanceTimersByTimeAsync(35); clearInterval(i); expect(f).toHaveBeenCalledTimes(3); expect(vi.getTimerCount()).toBe(0); });
  test('fails under fake timers', async () => { await vi.advanceTimersByTimeAsync(5); expect(1).toBe(2); });
});
describe('fake timers in bodies', () => {
  afterEach(() => { vi.useRealTimers(); });
  test('advance', async () => { vi.useFakeTimers(); const f = vi.fn(); setTimeout(f, 500); await vi.advanceTimersByTimeAsync(500); expect(f).toHaveBeenCalled(); });
  test('should advance', async () => { vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 5 }); await new Promise((r) => setTimeout(r, 20)); expect(1).toBe(1); });
  test('immediates', async () => { vi.useFakeTimers({ toFake: ['setTimeout'] }); await new Promise((r) => setImmediate(r)); expect(vi.isFakeTimers()).toBe(true); });
});
describe('watchdogs', () => {
  test('waitFor', async () => { let x = 0; setTimeout(() => { x = 1; }, 120); await vi.waitFor(() => { if (x !== 1) throw new Error('not yet'); }); expect(x).toBe(1); });
  test('waitFor gives up', async () => { await expect(vi.waitFor(() => { throw new Error('never'); }, { timeout: 60, interval: 20 })).rejects.toThrow('never'); });
  test('waitUntil', async () => { let x = 0; setTimeout(() => { x = 1; }, 120); expect(await vi.waitUntil(() => x)).toBe(1); });
  test('poll', async () => { let x = 0; const i = setInterval(() => { x++; }, 30); await expect.poll(() => x, { timeout: 500 }).toBeGreaterThan(2); clearInterval(i); });
  test('poll fails', async () => { await expect.poll(() => 1, { timeout: 60, interval: 20 }).toBe(2); });
  test('waitFor under fake timers', async () => { vi.useFakeTimers(); let x = 0; setTimeout(() => { x = 1; }, 200); await vi.waitFor(() => { if (x !== 1) throw new Error('not yet'); }); vi.useRealTimers(); expect(x).toBe(1); });
  test('times out', { timeout: 60 }, async () => { await new Promise(() => {}); });
});
describe('context', () => {
  test('annotates', async ({ annotate }) => { await annotate('a note'); expect(1).toBe(1); });
  test('finishes', async ({ onTestFinished }) => { let done = false; onTestFinished(async () => { await 1; done = true; }); expect(done).toBe(false); });
  test('soft', async () => { await 1; expect.soft(1).toBe(2); expect.soft(1).toBe(1); });
  test('snapshot', async () => { await 1; expect({ a: [1, 2] }).toMatchSnapshot(); });
  test('inline', async () => { await 1; expect('x').toMatchInlineSnapshot('"x"'); });
  test('file snapshot', async () => { await expect('content').toMatchFileSnapshot('./snap.txt'); });
  test('unhandled later', async () => { const p = Promise.reject(new Error('handled')); await 1; await expect(p).rejects.toThrow('handled'); });
  test('assertions', async () => { expect.assertions(2); await 1; expect(1).toBe(1); });
  test('dynamic import', async () => { const { value } = await import('./dynamic.js'); expect(value).toBe(1); });
  test('reset modules', async () => { vi.resetModules(); const { value } = await import('./dynamic.js'); expect(value).toBe(1); });
});
vi.mock('./mocked.js', async (original) => ({ ...(await original()), b: 'mocked' }));
test('mocked modules', async () => { const m = await import('./mocked.js'); expect([m.a, m.b]).toEqual(['real', 'mocked']); });
`;

const OUTSIDE = `
import { mkdtemp, readFile, rename, rm, writeFile, stat } from 'node:fs/promises';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip, gunzipSync } from 'node:zlib';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
describe('files', () => {
  let folder;
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'straddle-natural-')); });
  afterEach(async () => { await rm(folder, { recursive: true }); });
  test('writes', async () => { await Promise.all(['a', 'b', 'c'].map((name) => writeFile(join(folder, name), name))); expect(fs.readdirSync(folder)).toEqual(['a', 'b', 'c']); });
  test('renames', async () => { await writeFile(join(folder, 'x'), '1'); await rename(join(folder, 'x'), join(folder, 'y')); expect(await readFile(join(folder, 'y'), 'utf8')).toBe('1'); });
  test('callbacks', async () => { await promisify(fs.writeFile)(join(folder, 'z'), 'zz'); expect((await stat(join(folder, 'z'))).size).toBe(2); });
  test('streams', async () => { await new Promise((resolve, reject) => { const s = fs.createWriteStream(join(folder, 's')); s.on('error', reject); s.end('streamed', resolve); }); expect(await readFile(join(folder, 's'), 'utf8')).toBe('streamed'); });
  test('missing', async () => { await expect(readFile(join(folder, 'none'))).rejects.toThrow('ENOENT'); });
  test('fails on files', async () => { expect(await readFile(join(folder, 'none')).catch(() => 'gone')).toBe('there'); });
});
test('zlib', async () => { expect(gunzipSync(await promisify(gzip)('x')).toString()).toBe('x'); });
test('a server', async () => {
  const server = createServer((request, response) => setTimeout(() => response.end('hi ' + request.url), 5));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const get = async (path) => (await fetch('http://127.0.0.1:' + server.address().port + path)).text();
  expect(await Promise.all([get('/a'), get('/b')])).toEqual(['hi /a', 'hi /b']);
  await new Promise((resolve) => server.close(resolve));
});
test('a child', async () => { const { stdout } = await promisify(execFile)(process.execPath, ['-p', '1+1']); expect(stdout.trim()).toBe('2'); });
`;

const DOM = `
import { beforeEach, expect, test, vi } from 'vitest';
beforeEach(() => { document.body.innerHTML = '<button>0</button>'; });
const button = () => document.querySelector('button');
test('events', async () => { button().addEventListener('click', async () => { await 1; button().textContent = '1'; }); button().click(); await vi.waitFor(() => { if (button().textContent !== '1') throw new Error('not yet'); }); expect(button().textContent).toBe('1'); });
test('observers', async () => { const seen = []; const o = new MutationObserver((r) => seen.push(r.length)); o.observe(document.body, { childList: true }); document.body.append('x'); await Promise.resolve(); await new Promise((r) => setTimeout(r, 0)); expect(seen).toEqual([1]); });
test('frames', async () => { const t = await new Promise((r) => requestAnimationFrame(r)); expect(typeof t).toBe('number'); });
test('timers', async () => { let n = 0; await new Promise((r) => { const i = window.setInterval(() => { if (++n === 3) { window.clearInterval(i); r(); } }, 5); }); expect(n).toBe(3); });
test('fails in the DOM', async () => { await 1; expect(button().textContent).toBe('1'); });
`;

const folder = project({
  'vitest.config.js': `import { defineConfig } from 'vitest/config';
export default defineConfig({ test: { projects: [
  { test: { name: 'node', include: ['*.test.js'], exclude: ['dom.test.js'] } },
  { test: { name: 'jsdom', include: ['dom.test.js'], environment: 'jsdom', pool: 'threads' } },
  './happy',
] } });`,
  'happy/vitest.config.js': `export default { test: { name: 'happy', include: ['../dom.test.js', 'dom.test.js'], environment: 'happy-dom' } };`,
  'happy/dom.test.js': DOM,
  'fake.test.js': FAKE,
  'outside.test.js': OUTSIDE,
  'dom.test.js': DOM,
  'dynamic.js': 'export const value = 1;',
  'mocked.js': `export const a = 'real'; export const b = 'real';`,
  'snap.txt': 'content',
});

const titleOf = ({ name }: TestReport) => name.slice(name.lastIndexOf(' > ') + 1).replace(/^> /, '');
const failingOf = (tests: readonly TestReport[]) =>
  [...new Set(tests.filter(({ report }) => report.verdict === 'fail').map(titleOf))].sort();

let plain: Ran;
let explored: readonly TestReport[];
beforeAll(async () => {
  plain = await vitest(folder, ['--update']);
  const { stdout, stderr } = await execute(folder, 'node_modules/straddle/dist/src/cli/main.js', [
    'explore',
    '--json',
    '--runs',
    '1',
  ]);
  expect(stderr).toBe('');
  explored = parseDocument(stdout, 'stdout').tests;
});

test('every test passes or fails in natural order as it does without straddle', () => {
  const failing = [...plain.tests.values()].filter(({ status }) => status === 'failed').map(({ title }) => title);
  expect(failing.length).toBeGreaterThanOrEqual(6);
  expect(failingOf(explored)).toEqual(failing.sort());
  expect(new Set(explored.map(titleOf))).toEqual(new Set(plain.tests.keys()));
});

test.each(['node', 'jsdom', 'happy'])('the project %s is explored', (name) => {
  const tests = explored.filter(({ project }) => project === name);
  expect(tests.length).toBeGreaterThanOrEqual(5);
  for (const { remark, report, name: test } of tests) {
    expect(remark, test).toBeUndefined();
    expect(report.executions, test).toBe(1);
    expect(report.steps, test).toBeGreaterThan(0);
  }
});
