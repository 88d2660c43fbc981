import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { explore } from '../../src/index.ts';
import { Store, type StoredFailure, type TestName } from '../../src/store/store.ts';
import { createProject, javascript } from '../instrument/compiled.ts';

const NAME: TestName = { file: 'test/a.test.ts', name: 'suite › räce', by: 'interleavings' };
const root = mkdtempSync(join(tmpdir(), 'straddle-store-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Tokens that can be replayed. */
const tokens: string[] = [];
beforeAll(async () => {
  for (let seed = 0; tokens.length < 12; seed++) {
    const report = await explore(
      async (sim) => {
        await sim.point(`x${seed}`);
        throw new Error(`failed ${seed}`);
      },
      { seed },
    );
    tokens.push(report.failure!.token);
  }
});

const failure = (at: number): StoredFailure => ({ token: tokens[at]!, kind: 'error', message: 'm', reach: 'today' });

let store: Store;
beforeEach(() => {
  rmSync(join(root, '.straddle'), { recursive: true, force: true });
  store = new Store(root);
});
const files = () => readdirSync(store.folder);

test('nothing is there before the first failure, and nothing after the last is mended', () => {
  expect(store.tokens(NAME)).toEqual([]);
  expect(store.entries()).toEqual([]);
  store.update(NAME, {});
  store.update(NAME, { mended: [tokens[0]!] });
  store.update(NAME, { failed: failure(0) });
  expect(store.tokens(NAME)).toEqual([tokens[0]]);
  store.update(NAME, { mended: [tokens[0]!] });
  expect(files()).toEqual([]);
});

test('one readable file for each test', () => {
  const whole = { ...failure(0), trace: [{ step: 0 }], error: new Error('m') };
  store.update(NAME, { failed: whole });
  store.update({ ...NAME, project: 'unit' }, { failed: failure(1) });
  store.update({ ...NAME, by: 'explore' }, { failed: failure(2) });
  expect(files()).toHaveLength(3);
  for (const file of files()) expect(file).toMatch(/^a-test-suite-räce-[0-9a-f]{8}\.json$/);
  const text = readFileSync(join(store.folder, files()[0]!), 'utf8');
  expect(text).toContain('\n  "failures": [');
  expect(text).not.toContain('trace');
  expect(store.tokens(NAME)).toEqual([tokens[0]]);
});

test('the latest first, each once, and at most ten', () => {
  for (let i = 0; i < 12; i++) store.update(NAME, { failed: failure(i) });
  store.update(NAME, { failed: failure(5) });
  expect(store.tokens(NAME)).toHaveLength(10);
  expect(store.tokens(NAME).slice(0, 3)).toEqual([tokens[5], tokens[11], tokens[10]]);
});

test('a token leads to its tests', () => {
  store.update(NAME, { failed: failure(0) });
  store.update({ ...NAME, name: 'other' }, { failed: failure(1) });
  expect(store.find(tokens[1]!)).toEqual([{ test: { ...NAME, name: 'other' }, scope: {} }]);
  expect(store.find(tokens[2]!)).toEqual([]);
  store.update({ ...NAME, name: 'twin' }, { failed: { ...failure(1), scope: { include: ['src/**'] } } });
  expect(store.find(tokens[1]!).map(({ test, scope }) => [test.name, scope])).toEqual([
    ['other', {}],
    ['twin', { include: ['src/**'] }],
  ]);
});

describe('what somebody else has done to a file', () => {
  test.each([
    ['torn', (text: string) => text.slice(0, text.length / 2)],
    ['of another version', (text: string) => text.replace('"straddle": 1', '"straddle": 2')],
    ['with other content', () => '[1, null]'],
    ['empty', () => ''],
  ])('%s: it counts as empty, and the next failure replaces it', (_, change) => {
    store.update(NAME, { failed: failure(0) });
    const path = join(store.folder, files()[0]!);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
    expect(store.tokens(NAME)).toEqual([]);
    expect(store.entries()).toEqual([]);
    store.update(NAME, { failed: failure(1) });
    expect(store.tokens(NAME)).toEqual([tokens[1]]);
  });

  test('a token that cannot be replayed is left out', () => {
    store.update(NAME, { failed: failure(0) });
    const path = join(store.folder, files()[0]!);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"st1.', '"st9.'));
    expect(store.tokens(NAME)).toEqual([]);
  });

  test('the lock of a process that has died is broken', () => {
    store.update(NAME, { failed: failure(0) });
    const lock = join(store.folder, `${files()[0]!}.lock`);
    writeFileSync(lock, '');
    utimesSync(lock, 1, 1);
    store.update(NAME, { failed: failure(1) });
    expect(store.tokens(NAME)).toEqual([tokens[1], tokens[0]]);
    expect(files()).toHaveLength(1);
  });
});

test('works under fake timers', () => {
  vi.useFakeTimers();
  try {
    store.update(NAME, { failed: failure(0) });
    expect(store.tokens(NAME)).toEqual([tokens[0]]);
  } finally {
    vi.useRealTimers();
  }
});

test('a store that is no folder is told', () => {
  mkdirSync(join(root, '.straddle'), { recursive: true });
  writeFileSync(store.folder, '');
  expect(() => store.entries()).toThrow(/The store .* cannot be read: /);
  expect(() => store.update(NAME, { failed: failure(0) })).toThrow(/The store .* cannot be written to: /);
});

test('several processes at once lose nothing', async () => {
  const folder = createProject({
    'child.js': javascript(readFileSync('test/store/child.ts', 'utf8')).replace(
      '../../src',
      './node_modules/straddle/dist/src',
    ),
  });
  const codes = await Promise.all(
    [0, 3, 6].map(
      (from) =>
        new Promise((resolve) => {
          const child = fork(join(folder, 'child.js'), [root, tokens.slice(from, from + 3).join()], { execArgv: [] });
          child.on('exit', resolve);
        }),
    ),
  );
  expect(codes).toEqual([0, 0, 0]);
  const shared = store.tokens({ file: 'a.test.ts', name: 'shared', by: 'interleavings' });
  expect(shared.toSorted()).toEqual(tokens.slice(0, 9).toSorted());
  expect(files()).toHaveLength(1);
});
