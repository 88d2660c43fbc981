import { AsyncLocalStorage } from 'node:async_hooks';
import { execFileSync } from 'node:child_process';
import fs, { createReadStream, createWriteStream, exists, promises, readFile, stat } from 'node:fs';
import * as modern from 'node:fs/promises';
import { join } from 'node:path';
import { finished, pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { explore } from '../../../../src/index.ts';
import { inFolder } from './bodies.ts';
import { explored } from './explored.ts';

// As code under test holds them that was loaded before any exploration.
const { access, mkdir, readdir, rename, unlink, writeFile } = fs;
const captured = { ...promises };

type Callback = (error: Error | null, ...values: unknown[]) => void;

/** Everything that a call answers, in one comparable value. */
function told(call: (done: Callback) => void): Promise<unknown> {
  return new Promise((resolve) =>
    call((error, ...values) => resolve(error === null || error === undefined ? values : [error])),
  );
}

function isStats(value: unknown): value is fs.Stats | fs.BigIntStats {
  return typeof value === 'object' && value !== null && 'mtimeMs' in value;
}

/** Times, inodes and paths of the folder differ from run to run; nothing else may. */
function comparable(value: unknown, folder: string): unknown {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value, (key, inner: unknown) => {
    if (isStats(inner)) {
      return { size: Number(inner.size), file: inner.isFile(), type: inner.constructor.name, ms: typeof inner.mtimeMs };
    }
    if (inner instanceof Error) {
      const { name, message, code, syscall } = inner as NodeJS.ErrnoException;
      return { name, message, code, syscall };
    }
    if (inner instanceof fs.Dirent) return { name: inner.name, file: inner.isFile(), folder: inner.isDirectory() };
    if (typeof inner === 'bigint') return String(inner);
    return key === 'fd' ? 'number' : inner;
  });
  return JSON.parse(text.replaceAll(folder, '<folder>').replace(/tmp-\w{6}/g, 'tmp-x')) as unknown;
}

/** Calls of every kind; each with the folder, in which `a` has some text and `sub` is a folder with `b`. */
const CALLS: Record<string, (at: (name: string) => string) => Promise<unknown>> = {
  'stat and lstat': async (at) => [await promises.stat(at('a')), await promises.lstat(at('sub'))],
  'stat, bigint': (at) => promises.stat(at('a'), { bigint: true }),
  'stat with a callback': (at) => told((done) => stat(at('a'), done)),
  'stat of nothing': (at) => told((done) => stat(at('none'), done)),
  'stat by promisify': (at) => promisify(stat)(at('a')),
  access: (at) => told((done) => access(at('none'), fs.constants.R_OK, done)),
  'exists, yes and no': async (at) => [
    await new Promise((resolve) => exists(at('a'), resolve)),
    await promisify(exists)(at('none')),
  ],
  readFile: async (at) => [await promises.readFile(at('a'), 'utf8'), await promises.readFile(at('a'))],
  'readFile with a callback': (at) => told((done) => readFile(at('a'), 'utf8', done)),
  // Whether the message names the path depends on the version.
  'readFile of a folder': (at) => promises.readFile(at('sub')).catch(({ code, syscall }) => [code, syscall]),
  'readFile, wrong encoding': (at) => promises.readFile(at('a'), 'no such' as 'utf8'),
  'readFile, aborted': (at) => promises.readFile(at('a'), { signal: AbortSignal.abort() }),
  writeFile: async (at) => [
    await promises.writeFile(at('new'), 'text', { flag: 'wx' }),
    fs.readFileSync(at('new'), 'utf8'),
  ],
  'writeFile with a callback': (at) => told((done) => writeFile(at('a'), Buffer.from('x'), done)),
  'writeFile, exclusive': (at) => promises.writeFile(at('a'), 'x', { flag: 'wx' }),
  'writeFile, an iterable': async (at) => {
    await promises.writeFile(at('new'), ['1', '2']);
    return fs.readFileSync(at('new'), 'utf8');
  },
  'writeFile, no data': (at) => promises.writeFile(at('new'), undefined as never),
  appendFile: async (at) => [await promises.appendFile(at('a'), '!'), fs.readFileSync(at('a'), 'utf8')],
  copyFile: async (at) => [await promises.copyFile(at('a'), at('c')), fs.readFileSync(at('c'), 'utf8')],
  cp: async (at) => [await promises.cp(at('sub'), at('sub2'), { recursive: true }), fs.readdirSync(at('sub2'))],
  rename: (at) => told((done) => rename(at('none'), at('x'), done)),
  unlink: (at) => told((done) => unlink(at('a'), done)),
  rm: async (at) => [await promises.rm(at('sub'), { recursive: true }), fs.existsSync(at('sub'))],
  'rm of nothing': (at) => promises.rm(at('none')),
  rmdir: (at) => promises.rmdir(at('sub')),
  mkdir: (at) => told((done) => mkdir(at('sub'), done)),
  'mkdir, recursive': (at) => promises.mkdir(at('x/y/z'), { recursive: true }),
  mkdtemp: (at) => promises.mkdtemp(at('tmp-')),
  readdir: async (at) => [await promises.readdir(at('.')), await promises.readdir(at('.'), { withFileTypes: true })],
  'readdir with a callback': (at) => told((done) => readdir(at('sub'), { withFileTypes: true }, done)),
  'readdir, recursive': async (at) => (await promises.readdir(at('.'), { recursive: true })).sort(),
  opendir: async (at) => {
    const names: string[] = [];
    for await (const entry of await promises.opendir(at('.'))) names.push(entry.name);
    return names.sort();
  },
  'symlink, readlink, realpath': async (at) => {
    await promises.symlink(at('a'), at('link'));
    return [await promises.readlink(at('link')), await promises.realpath(at('link'))];
  },
  'realpath with a callback': (at) => told((done) => fs.realpath(at('sub/../a'), done)),
  'realpath, native': (at) => told((done) => fs.realpath.native(at('sub/../a'), done)),
  link: async (at) => [await promises.link(at('a'), at('hard')), (await promises.stat(at('hard'))).nlink],
  'chmod and utimes': async (at) => {
    await promises.chmod(at('a'), 0o600);
    await promises.utimes(at('a'), 1, 2);
    const { mode, mtimeMs } = await promises.stat(at('a'));
    return [mode & 0o777, mtimeMs];
  },
  truncate: async (at) => [await promises.truncate(at('a'), 2), fs.readFileSync(at('a'), 'utf8')],
  statfs: async (at) => typeof (await promises.statfs(at('.'))).bsize,
  'open, read, write, close with callbacks': async (at) => {
    const [fd] = (await told((done) => fs.open(at('a'), 'r+', done))) as [number];
    const buffer = Buffer.alloc(4);
    const answers = [
      await told((done) => fs.write(fd, 'AB', 0, 'utf8', done)),
      await told((done) => fs.read(fd, buffer, 0, 4, 0, done)),
      await told((done) => fs.readv(fd, [Buffer.alloc(1), Buffer.alloc(2)], 0, (error, count) => done(error, count))),
      await told((done) => fs.fstat(fd, done)),
      await told((done) => fs.ftruncate(fd, 3, done)),
      await told((done) => fs.fsync(fd, done)),
      await told((done) => fs.close(fd, done)),
      await told((done) => fs.close(fd, done)),
    ];
    return [answers, buffer.toString()];
  },
  FileHandle: async (at) => {
    const handle = await promises.open(at('a'), 'r+');
    const answers = [
      await handle.write('XY'),
      (await handle.read(Buffer.alloc(3), 0, 3, 0)).bytesRead,
      await handle.readFile('utf8'),
      await handle.stat(),
      await handle.truncate(1),
      await handle.sync(),
      await handle.appendFile('!'),
      (await handle.writev([Buffer.from('1'), Buffer.from('2')])).bytesWritten,
    ];
    await handle.close();
    return [answers, handle.fd, await handle.read().catch((error: unknown) => error), fs.readFileSync(at('a'), 'utf8')];
  },
  'FileHandle, lines': async (at) => {
    const lines: string[] = [];
    const handle = await promises.open(at('a'));
    for await (const line of handle.readLines()) lines.push(line);
    return lines;
  },
  'open of nothing': (at) => promises.open(at('none')),
  streams: async (at) => {
    await pipeline(createReadStream(at('a'), { highWaterMark: 3 }), createWriteStream(at('copy')));
    return fs.readFileSync(at('copy'), 'utf8');
  },
  'a call that is refused': async (at) => {
    const done = (): void => undefined;
    const refused: unknown[] = [];
    for (const call of [() => stat({} as never, done), () => fs.utimes(at('a'), 1, {} as never, done)]) {
      try {
        call();
      } catch (error) {
        refused.push(error);
      }
    }
    await new Promise((resolve) => setImmediate(resolve));
    return refused;
  },
  'a stream of nothing': (at) => pipeline(createReadStream(at('none')), createWriteStream(at('copy'))),
};

function inPreparedFolder<T>(run: (at: (name: string) => string) => Promise<T>): Promise<unknown> {
  return inFolder(async (folder) => {
    fs.writeFileSync(join(folder, 'a'), 'some text\nof two lines');
    fs.mkdirSync(join(folder, 'sub'));
    fs.writeFileSync(join(folder, 'sub', 'b'), '');
    const result = await run((name) => join(folder, name)).catch((error: unknown) => error);
    return comparable(result, folder);
  });
}

describe("a controlled call answers as Node's own", () => {
  test.each(Object.entries(CALLS))('the same answer: %s', async (_, call) => {
    const native = await inPreparedFolder(call);
    const controlled: unknown[] = [];
    const body = async (): Promise<void> => void controlled.push(await inPreparedFolder(call));
    const { failure, warnings } = await explore(body, {
      strategy: 'random',
      runs: 3,
      seed: 1,
      vacuity: 'off',
      leaks: 'off',
    });
    expect(failure?.message).toBeUndefined();
    expect(warnings).toEqual([]);
    for (const one of controlled) expect(one).toEqual(native);
  });
});

/** What ran in one natural execution, by name. */
async function operations(call: (at: (name: string) => string) => Promise<unknown>): Promise<string[]> {
  const { traces } = await explored(() => inPreparedFolder(call), { runs: 1, seed: 1 });
  return traces[0]!.split(',').map((one) => one.replace('main:', ''));
}

describe('a call and its completion are two operations', () => {
  test.each<[string, (at: (name: string) => string) => Promise<unknown>, string[]]>([
    ['a promise', (at) => modern.stat(at('a')), ['fs.stat', 'fs.stat done']],
    ['a callback', (at) => told((done) => stat(at('a'), done)), ['fs.stat', 'fs.stat done']],
    ['a captured promise', (at) => captured.rename(at('a'), at('x')), ['fs.rename', 'fs.rename done']],
    ['exists', (at) => promisify(exists)(at('a')), ['fs.access', 'fs.access done']],
    ['a whole file', (at) => modern.readFile(at('a')), ['fs.readFile', 'fs.readFile done']],
    [
      'writing: others may find it empty',
      (at) => modern.writeFile(at('a'), 'x'),
      ['fs.writeFile', 'fs.writeFile write', 'fs.writeFile done'],
    ],
    [
      'a file handle',
      async (at) => (await modern.open(at('a'))).close(),
      ['fs.open', 'fs.open done', 'fs.close', 'fs.close done'],
    ],
  ])('%s', async (_, call, expected) => {
    expect(await operations(call)).toEqual(expected);
  });

  test('what has been captured before is controlled too, whole files by their parts', async () => {
    const ran = await operations((at) => captured.readFile(at('a')));
    // Newer versions read a file in one native job.
    const [first, last] = [ran[0], ran.at(-1)];
    expect([first, last]).toEqual(
      first === 'fs.open' ? ['fs.open', 'fs.close done'] : ['fs.readFile', 'fs.readFile done'],
    );
  });
});

test.each([false, true])(
  'it does not come in between the immediates of one turn; with ports: %s',
  async (withPorts) => {
    const run = async (): Promise<string[]> => {
      const order: string[] = [];
      const { port1, port2 } = withPorts ? new MessageChannel() : { port1: undefined, port2: undefined };
      await new Promise<void>((resolve) => {
        for (const name of ['first', 'second', 'third']) {
          setImmediate(() => {
            order.push(name);
            if (name === 'first') stat('.', () => resolve(void order.push('answer')));
          });
        }
      });
      port1?.close();
      port2?.close();
      return order;
    };
    const native = await run();
    let controlled: string[] | undefined;
    await explore(async () => (controlled = await run()), { strategy: 'natural', vacuity: 'off', leaks: 'off' });
    expect(native).toEqual(['first', 'second', 'third', 'answer']);
    expect(controlled).toEqual(native);
  },
);

test('callbacks, promises and streams keep their async context', async () => {
  const context = new AsyncLocalStorage<string>();
  const seen = new Set<string>();
  const { failure } = await explore(
    async (sim) => {
      const use = (name: string): Promise<unknown> =>
        context.run(name, () =>
          inPreparedFolder(async (at) => {
            const look = (): unknown => seen.add(`${name} ${context.getStore()}`);
            await modern.readFile(at('a'));
            look();
            await told((done) => stat(at('a'), (error) => done(error, look())));
            await finished(createReadStream(at('a')).once('data', look));
            await modern.writeFile(at('x'), '');
            look();
          }),
        );
      await Promise.all([sim.spawn('one', () => use('one')), sim.spawn('two', () => use('two'))]);
    },
    { strategy: 'random', runs: 20, seed: 3 },
  );
  expect(failure).toBeUndefined();
  expect([...seen].sort()).toEqual(['one one', 'two two']);
});

test('a named pipe blocks nobody: its two ends meet in the thread pool', async () => {
  // Windows has none.
  if (process.platform === 'win32') return;
  let text = '';
  const report = await explore(
    () =>
      inFolder(async (folder) => {
        const pipe = join(folder, 'pipe');
        execFileSync('mkfifo', [pipe]);
        const [read] = await Promise.all([modern.readFile(pipe, 'utf8'), modern.writeFile(pipe, 'through the pipe')]);
        text = read;
      }),
    { strategy: 'random', runs: 5, seed: 1, vacuity: 'off' },
  );
  expect(report).toMatchObject({ verdict: 'pass', executions: 5 });
  expect(text).toBe('through the pipe');
});

test('a write that nobody waits for is a leak', async () => {
  const { warnings } = await explore(
    () =>
      inFolder(async (folder) => {
        await modern.stat(folder);
        void modern.writeFile(join(folder, 'a'), 'x').catch(() => undefined);
      }),
    { strategy: 'natural', vacuity: 'off' },
  );
  expect(warnings).toMatchObject([{ name: 'leak', detail: expect.stringContaining('fs.writeFile') as string }]);
});
