import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { explore } from '../../src/index.ts';
import type { ReportDocument } from '../../src/report/document.ts';
import { parseDocument } from '../../src/report/files.ts';
import { Store } from '../../src/store/store.ts';
import { summarise, type Summary } from '../../src/vitest/summary.ts';
import { execute, project, vitest, type Ran } from './project.ts';

/** Three tests of this suite depend on the order. */
const SUITE = `
import { describe, expect, test } from 'vitest';
import { Cache, Cart, Log, Service } from './src/shop';

const api = { price: async (item: string) => { await io(item.length); return item.length; } };
const io = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe('dependent', () => {
  test('is ready when it is used', async () => {
    const service = new Service(api);
    await Promise.all([service.start(), service.use()]);
  });
  test('logs in order', async () => {
    const log = new Log();
    await Promise.all([log.write('a', api), log.write('b', api)]);
    expect(log.lines).toEqual(['a', 'b']);
  });
  test('loads once', async () => {
    const cache = new Cache(api);
    const pending = cache.get('k');
    const second = cache.refresh('k');
    await Promise.all([pending, second]);
    expect(cache.latest).toBe('refreshed');
  });
});
describe('honest', () => {
  test.each(Array.from({ length: 8 }, (_, i) => i))('adds %i', async (i) => {
    const cart = new Cart(api);
    await Promise.all([cart.add('a'.repeat(i + 1)), cart.add('bb')]);
    expect(cart.total).toBe(i + 3);
  });
  test.each(Array.from({ length: 6 }, (_, i) => i))('one by one %i', async (i) => {
    const cart = new Cart(api);
    for (let n = 0; n < i; n++) await cart.addStale('x');
    expect(cart.total).toBe(i);
  });
  test.each([1, 2, 3])('synchronous %i', (i) => { expect(new Cart(api).total + i).toBe(i); });
  test.concurrent('concurrent a', async () => { const cart = new Cart(api); await Promise.all([cart.add('a'), cart.add('a')]); expect(cart.total).toBe(2); });
  test.concurrent('concurrent b', async () => { const cart = new Cart(api); await Promise.all([cart.add('a'), cart.add('a')]); expect(cart.total).toBe(2); });
  test('sets in any order', async () => {
    const log = new Log();
    await Promise.all([log.write('a', api), log.write('b', api)]);
    expect(new Set(log.lines)).toEqual(new Set(['a', 'b']));
  });
});
`;

const SHOP = `
export interface Api { price(item: string): Promise<number> }
export class Cart {
  total = 0;
  constructor(private readonly api: Api) {}
  async add(item: string): Promise<void> {
    const price = await this.api.price(item);
    this.total += price;
  }
  async addStale(item: string): Promise<void> {
    const before = this.total;
    const price = await this.api.price(item);
    this.total = before + price;
  }
}
export class Log {
  lines: string[] = [];
  async write(line: string, api: Api): Promise<void> {
    await api.price(line);
    this.lines.push(line);
  }
}
export class Service {
  #ready = false;
  constructor(private readonly api: Api) {}
  async start(): Promise<void> { await this.api.price('a'); this.#ready = true; }
  async use(): Promise<void> { await this.api.price('b'); if (!this.#ready) throw new Error('used before it was ready'); }
}
export class Cache {
  latest = '';
  constructor(private readonly api: Api) {}
  async get(key: string): Promise<void> { await this.api.price(key); this.latest = 'got'; }
  async refresh(key: string): Promise<void> { await this.api.price(key); this.latest = 'refreshed'; }
}
`;

/** What a suite may do to be hard to repeat. */
const ODD = `
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
let runs = 0;
const both = () => Promise.all([Promise.resolve(1).then((n) => n), new Promise((r) => setTimeout(r, 1)).then(() => 2)]);
const race = async () => { const log = []; const t = async (n) => { await new Promise((r) => setTimeout(r, 1)); log.push(n); }; await Promise.all([t(1), t(2)]); return log; };
test('not repeatable', async () => { runs++; await race(); expect(runs).toBe(1); });
test('fails anyway', { retry: 1 }, async () => { await 1; expect(1).toBe(2); });
test.fails('is to fail', async () => { await 1; expect(1).toBe(2); });
test.skip('skipped', async () => {});
test('skips itself', async ({ skip }) => { await 1; skip(); });
let tries = 0;
test('flaky', { retry: 2 }, async () => { await race(); if (++tries < 3) throw new Error('not yet'); });
const spy = vi.fn();
test('counts calls', async () => { spy(); await race(); expect(spy).toHaveBeenCalledTimes(1); });
test('asserts a number', async ({ expect }) => { expect.assertions(1); await race(); expect(1).toBe(1); });
describe('hooks', () => {
  const log = [];
  beforeEach(async () => { await 1; log.push('before'); });
  afterEach(async () => { await 1; log.push('after'); });
  test('around each', async () => { log.push('test'); await race(); });
  test('were around each', () => { expect(log.join().startsWith('before,test,after,before,test,after')).toBe(true); });
});
describe('what the body began', () => {
  let stop, ended;
  afterEach(async () => { stop(); await ended; });
  test('goes on in a hook', async () => { const stopped = new Promise((r) => { stop = r; }); ended = (async () => { await stopped; await 1; })(); await race(); });
});
test('micro', async () => { const log = []; await Promise.all([(async () => { await null; await Promise.resolve(); log.push('a'); })(), (async () => { await Promise.resolve(); await Promise.resolve(); log.push('b'); })()]); expect(log).toEqual(['a', 'b']); });
`;

/** What one execution may leave behind for the next. Each test fails at its start if anything is. */
const LEAKS = `
import { afterAll, describe, expect, test, vi } from 'vitest';
import * as api from './api.js';
vi.mock('./api.js');
afterAll(() => { vi.unstubAllEnvs(); vi.unstubAllGlobals(); });
const race = async () => { const log = []; const t = async (n) => { await new Promise((r) => setTimeout(r, 1)); log.push(n); }; await Promise.all([t(1), t(2)]); return log; };
const counted = vi.fn();
const answering = vi.fn(() => 'first');
const once = vi.fn();
const target = { method: () => 'real', get value() { return 'real'; } };
api.nested.deep.mockReturnValue('module');
test('calls of an automock', async () => { expect(api.load).toHaveBeenCalledTimes(0); await api.load(); await race(); expect(api.load).toHaveBeenCalledTimes(1); });
test('what an automock returns', async () => { expect(await api.load()).toBe(undefined); api.load.mockReturnValue('changed'); await race(); expect(await api.load()).toBe('changed'); });
test('what an automock was told by the module', async () => { expect(api.nested.deep()).toBe('module'); api.nested.deep.mockReturnValue('changed'); await race(); expect(api.nested.deep()).toBe('changed'); });
test('what an automock is told once', async () => { api.load.mockReset(); api.load.mockReturnValueOnce('once'); await race(); expect(await api.load()).toBe('once'); });
test('instances of an automocked class', async () => { expect(api.Client.mock?.instances ?? []).toHaveLength(0); new api.Client().get(); await race(); expect(api.Client).toHaveBeenCalledTimes(1); });
test('calls of a function of the module', async () => { expect(counted).toHaveBeenCalledTimes(0); counted(); await race(); });
test('implementations', async () => { expect(answering()).toBe('first'); answering.mockImplementation(() => 'second'); await race(); });
test('implementations for once', async () => { expect(once()).toBe(undefined); once.mockReturnValueOnce(1); await race(); });
test('spies', async () => { expect(vi.isMockFunction(target.method)).toBe(false); vi.spyOn(target, 'method').mockReturnValue('spied'); vi.spyOn(target, 'value', 'get').mockReturnValue('spied'); await race(); });
describe('clocks', () => { afterAll(() => { vi.useRealTimers(); }); test('fake timers', async () => { expect(vi.isFakeTimers()).toBe(false); await race(); vi.useFakeTimers(); }); });
describe('clocks', () => { afterAll(() => { vi.useRealTimers(); }); test('system time', async () => { expect(vi.getMockedSystemTime()).toBe(null); expect(new Date().getFullYear()).not.toBe(1999); await race(); vi.setSystemTime(new Date(1999, 1, 1)); }); });
test('environment', async () => { expect(process.env.LEAKED).toBe(undefined); vi.stubEnv('LEAKED', 'yes'); await race(); });
test('globals', async () => { expect(globalThis.leaked).toBe(undefined); vi.stubGlobal('leaked', 1); await race(); });
test('meta', async ({ task }) => { expect(task.meta.leaked).toBe(undefined); task.meta.leaked = 1; await race(); });
test('annotations', async ({ annotate, task }) => { expect(task.annotations).toHaveLength(0); await annotate('one'); await race(); });
test('context', async (context) => { expect(context.leaked).toBe(undefined); context.leaked = 1; await race(); });
test('assertions of the context', async ({ expect: own }) => { own.assertions(2); own(1).toBe(1); await race(); own(2).toBe(2); });
test('has assertions', async ({ expect: own }) => { own.hasAssertions(); await race(); own(2).toBe(2); });
const fixed = test.extend({ file: [async ({}, use) => { const f = { used: 0 }; await use(f); }, { scope: 'file' }], each: async ({}, use) => { await use({ used: 0 }); } });
fixed('fixtures of the test', async ({ each }) => { expect(each.used++).toBe(0); await race(); });
fixed('fixtures of the file', async ({ file }) => { expect(file.used++).toBe(0); await race(); });
test('doMock', async () => { vi.doMock('./other.js', () => ({ value: 'mocked' })); await race(); const { value } = await import('./other.js'); expect(value).toBe('mocked'); vi.doUnmock('./other.js'); });
`;

/** What fails is no body, or the lack of a failure. */
const LOST = `
import { afterAll, beforeAll, describe } from 'vitest';
import { test } from 'straddle/vitest';
describe('before', () => { beforeAll(() => { throw new Error('not set up'); }); test('never runs', async () => {}); });
describe('after', () => { afterAll(async () => { throw new Error('not cleared'); }); test('runs', async () => {}); });
test.interleavings.fails('is to fail and does not', { runs: 5 }, async ({ sim, expect }) => { await sim.point('x'); expect(1).toBe(1); });
test.interleavings('takes too long', { timeout: 50 }, async ({ sim, expect }) => { const t = (n) => sim.spawn(n, async () => { for (let i = 0; i < 9; i++) await sim.point(n); }); await Promise.all([t('a'), t('b'), t('c')]); for (let i = 0; i < 1e6; i++) Math.sqrt(i); expect(1).toBe(1); });
`;

const folder = project({
  'vitest.config.ts': `export default { test: { exclude: ['odd.test.js', 'leaks.test.js', 'lost.test.js', 'packaged/**', '**/node_modules/**'] } };`,
  'odd.config.ts': `export default { test: { include: ['odd.test.js', 'leaks.test.js', 'lost.test.js'] } };`,
  'workspace.config.ts': `export default { test: { projects: [{ test: { name: 'packaged', root: 'packaged', include: ['*.test.js'] } }] } };`,
  'packaged/packaged.test.js': `import { expect, test } from 'vitest';
import { Counter } from 'counter';
test.each(['once', 'twice'])('counts %s', async () => { const c = new Counter(); const io = () => new Promise((r) => setTimeout(r, 1)); await Promise.all([c.add(io, 1), c.add(io, 2)]); expect(c.n).toBe(4); });`,
  'node_modules/counter/package.json':
    '{ "name": "counter", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
  'node_modules/counter/index.js': `export class Counter { n = 0; async add(io, n) { await io(); this.n = 2 * this.n + n; } }`,
  'leaks.test.js': LEAKS,
  'lost.test.js': LOST,
  'api.js': `export const load = async () => 'real'; export class Client { get() { return 'real'; } } export const nested = { deep: () => 'real' };`,
  'other.js': `export const value = 'real';`,
  'shop.test.ts': SUITE,
  'odd.test.js': ODD,
  'src/shop.ts': SHOP,
});
const straddle = (args: readonly string[]) => execute(folder, 'node_modules/straddle/dist/src/cli/main.js', args);

let json: ReportDocument;
let summary: Summary;
let plain: Ran;
beforeAll(async () => {
  plain = await vitest(folder);
  const { stdout, stderr } = await straddle(['explore', '--json', '--seed', '5']);
  expect(stderr).toBe('');
  json = parseDocument(stdout, 'stdout');
  summary = summarise(json.tests);
});

const names = (tests: readonly { name: string }[]) => tests.map(({ name }) => name).sort();

describe('a suite in which three tests of twenty-three depend on the order', () => {
  test('exactly those are reported, and nothing else is wrong', () => {
    expect(names(summary.dependent)).toEqual([
      'dependent > is ready when it is used',
      'dependent > loads once',
      'dependent > logs in order',
    ]);
    const { tick, failing, notRepeatable, uncontrolled, vacuous } = summary;
    expect([tick, failing, notRepeatable, uncontrolled, vacuous].flat()).toEqual([]);
    expect(json.tests).toHaveLength(plain.tests.size);
    expect(json.verdict).toBe('fail');
  });

  test('each with its reach, its shortest story, and the awaits that decide, in the source', () => {
    for (const { report } of summary.dependent) {
      const failure = report.failure!;
      expect(failure.reach).toBe('latent');
      expect(failure.deviations).toBeLessThanOrEqual(3);
      expect(failure.token).toMatch(/^st1\./);
      const sites = failure.trace.map(({ site = '' }) => site);
      const lines = SHOP.split('\n');
      const decisive = sites.filter((site) => site.startsWith('src/shop.ts:'));
      expect(decisive.length).toBeGreaterThanOrEqual(2);
      for (const site of decisive) expect(lines[Number(site.split(':')[1]) - 1]).toContain('api.price(');
    }
    const used = summary.dependent.find(({ name }) => name.endsWith('is used'))!;
    expect(used.report.failure!.message).toBe('used before it was ready');
    expect(used.line).toBe(SUITE.split('\n').findIndex((line) => line.includes("'is ready when it is used'")) + 1);
  });

  test('honest tests were run under many schedules where there is a choice, once where there is none', () => {
    for (const { name, report } of summary.independent) {
      expect(report.executions, name).toBeGreaterThanOrEqual(200);
      expect(report.distinct, name).toBeGreaterThan(1);
      // Vitest's own timers are none of the test's.
      expect(report.warnings, name).toEqual([]);
    }
    expect(summary.independent.length).toBeGreaterThanOrEqual(4);
    for (const name of names(summary.single)) expect(name).toMatch(/^honest > (adds|one by one|synchronous)/);
  });

  test('the last result and the failing schedules are kept', () => {
    const last = parseDocument(readFileSync(join(folder, '.straddle/last.json'), 'utf8'), 'last');
    expect(last).toEqual(json);
    const stored = new Store(folder).entries();
    expect(stored.map(({ test }) => test.by)).toEqual(['explore', 'explore', 'explore']);
  });
});

describe('replay of a stored test', () => {
  const tokenOf = (name: string) => summary.dependent.find((one) => one.name.endsWith(name))!.report.failure!.token;

  test('runs exactly that execution, tells it, and exits with 1 while it fails', async () => {
    const token = tokenOf('logs in order');
    const { code, stdout } = await straddle(['replay', token]);
    expect(stdout).toContain("error: expected [ 'b', 'a' ] to deeply equal [ 'a', 'b' ]");
    expect(stdout).toContain('shop.test.ts');
    expect(stdout).toContain('found by replay');
    expect(code).toBe(1);
  });

  test('as JSON', async () => {
    const { code, stdout } = await straddle(['replay', '--json', tokenOf('loads once')]);
    const { tests } = parseDocument(stdout, 'stdout');
    expect(tests.map(({ name }) => name)).toEqual(['dependent > loads once']);
    expect(tests[0]!.report).toMatchObject({ executions: 1, verdict: 'fail' });
    expect(code).toBe(1);
  });

  test.each([
    ['no token', 'nonsense', 'This is no straddle token'],
    ['a token that no test has', '', 'No test is known for this token'],
  ])('%s: one sentence, exit code 2', async (_, given, sentence) => {
    const foreign = given === '' ? await foreignToken() : given;
    const { code, stderr, stdout } = await straddle(['replay', foreign]);
    expect(stderr).toContain(`straddle: ${sentence}`);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

test('a package that is named in is instrumented; what fails in a project of a workspace can be replayed', async () => {
  const config = ['--config', 'workspace.config.ts'];
  const { stdout } = await straddle([
    ...['explore', 'packaged', ...config, '--seed', '1', '--json'],
    ...['--include', 'node_modules/counter/**', 'packaged/*.test.js'],
  ]);
  const { tests } = parseDocument(stdout, 'stdout');
  const { report, file, project: name } = tests[0]!;
  expect([file, name]).toEqual(['packaged/packaged.test.js', 'packaged']);
  expect(report.straddled.map(({ place = '' }) => place.replace(/:.*/, ''))).toContain('node_modules/counter/index.js');
  const replayed = await straddle(['replay', report.failure!.token, '--json']);
  // Tests that are alike fail alike.
  expect(tests[1]!.report.failure!.token).toBe(report.failure!.token);
  const again = parseDocument(replayed.stdout, 'stdout').tests;
  expect(again.map((test) => [test.file, test.name, test.report.failure?.message])).toEqual(
    ['once', 'twice'].map((how) => [file, `counts ${how}`, report.failure!.message]),
  );
});

describe('tests that are hard to repeat', () => {
  let told: string;
  let odd: Summary;
  let leaks: Summary;
  let problems: ReportDocument['problems'];
  beforeAll(async () => {
    told = (await straddle(['explore', '--config', 'odd.config.ts', '--seed', '5', '--runs', '60'])).stdout;
    const { tests, ...rest } = parseDocument(readFileSync(join(folder, '.straddle/last.json'), 'utf8'), 'last');
    problems = rest.problems;
    odd = summarise(tests.filter(({ file }) => file === 'odd.test.js'));
    leaks = summarise(tests.filter(({ file }) => file === 'leaks.test.js'));
  });

  test('leaked state is told from the order', () => {
    expect(names(odd.notRepeatable)).toEqual(['not repeatable']);
    expect(told).toContain('Merely repeated in natural order, it failed (error: expected 2 to be 1');
  });
  test('what an execution leaves behind in Vitest is undone before the next, or told', () => {
    const { dependent, failing, tick, uncontrolled, single } = leaks;
    expect([dependent, failing, tick, uncontrolled, single].flat()).toEqual([]);
    expect(names(leaks.notRepeatable)).toEqual([
      'fixtures of the file',
      'what an automock returns',
      'what an automock was told by the module',
    ]);
    expect(leaks.independent).toHaveLength(18);
  });
  test('what fails anyway is not explored', () => {
    expect(names(odd.failing)).toEqual(['fails anyway']);
    expect(odd.failing[0]!.report.executions).toBe(1);
  });
  test('hooks of a suite that fail are told', () => {
    expect(problems).toEqual([
      {
        where: 'lost.test.js:7 › takes too long',
        message: expect.stringMatching(/^Test timed out in 50ms, after \d+ of 1000 executions\.$/),
      },
      { where: 'lost.test.js:4 › before', message: 'not set up' },
      { where: 'lost.test.js:5 › after', message: 'not cleared' },
    ]);
    expect(told).toContain('Problems outside of tests: 2\n  lost.test.js:4 › before\n    not set up\n');
    expect(json).not.toHaveProperty('problems');
  });
  test('a test that is to fail under some schedule and does not is told as it failed', () => {
    expect(told).toContain('lost.test.js:6 › is to fail and does not\n    Expect test to fail\n');
    expect(told).toContain('lost.test.js:7 › takes too long\n    Test timed out in 50ms');
  });
  test('microtask order is listed apart', () => expect(names(odd.tick)).toEqual(['micro']));
  test('mocks, assertion counts, retries and hooks begin anew in every execution', () => {
    expect(odd.dependent).toEqual([]);
    expect(names(odd.independent)).toEqual([
      'asserts a number',
      'counts calls',
      'flaky',
      'hooks > around each',
      'is to fail',
      'what the body began > goes on in a hook',
    ]);
  });
  test('a test that is to fail, and one that skips itself', () => {
    expect(names(odd.single)).toEqual(['hooks > were around each']);
    expect(told).toContain('3 skipped');
  });
});

/** A token that belongs to no test. */
async function foreignToken(): Promise<string> {
  const report = await explore(() => Promise.reject(new Error('x')), { seed: 1 });
  return report.failure!.token;
}
