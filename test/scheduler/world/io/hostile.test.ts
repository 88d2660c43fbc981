import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { appendFile, mkdir, readFile, rename, rmdir, stat, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { explore, type Sim } from '../../../../src/index.ts';
import { inFolder } from './bodies.ts';

type Case = (folder: string, sim: Sim) => Promise<void>;
type FailureCode = Partial<NodeJS.ErrnoException>;

/** Two at once, each as a task of its own. */
async function both(sim: Sim, run: (name: string) => Promise<void>): Promise<void> {
  await Promise.all(['one', 'two'].map((name) => sim.spawn(name, () => run(name))));
}

// ------------------------------------------------------------------ a lock file by mkdir

/** Adds one to the number in a file, under a lock that `acquire` takes. */
function counting(acquire: (lock: string) => Promise<void>): Case {
  return async (folder, sim) => {
    const [counter, lock] = [join(folder, 'counter'), join(folder, 'lock')];
    writeFileSync(counter, '0');
    await both(sim, async (name) => {
      await acquire(lock);
      sim.branch(`${name} holds the lock`);
      const count = Number(await readFile(counter, 'utf8'));
      await writeFile(counter, String(count + 1));
      await rmdir(lock);
    });
    expect(readFileSync(counter, 'utf8')).toBe('2');
  };
}

const lockFile = {
  /** Looks, then makes: two may look first. */
  broken: counting(async (lock) => {
    while (await stat(lock).catch(() => undefined)) await sleep(5);
    await mkdir(lock, { recursive: true });
  }),
  /** Makes, and sees who was first. */
  fixed: counting(async (lock) => {
    for (;;) {
      try {
        await mkdir(lock);
        return;
      } catch (error) {
        if ((error as FailureCode).code !== 'EEXIST') throw error;
        await sleep(5);
      }
    }
  }),
};

// ------------------------------------------------------------------ an atomic write by rename

/** Two write a file of two lines, one reads it: it must find one of them whole. */
function replacing(write: (file: string, text: string, writer: string) => Promise<void>): Case {
  return async (folder, sim) => {
    const file = join(folder, 'config');
    writeFileSync(file, 'old\nold');
    const reading = sim.spawn('reader', async () => {
      const [first, second] = (await readFile(file, 'utf8')).split('\n');
      sim.branch(first === 'old' ? 'reads the old' : 'reads a new one');
      expect(second).toBe(first);
    });
    await both(sim, (name) => write(file, `${name}\n${name}`, name));
    await reading;
  };
}

const atomicWrite = {
  /** In place: the reader may find it empty. */
  broken: replacing((file, text) => writeFile(file, text)),
  /** One temporary file for all: the second rename finds nothing, or half of the other's. */
  halfFixed: replacing(async (file, text) => {
    await writeFile(`${file}.tmp`, text);
    await rename(`${file}.tmp`, file);
  }),
  fixed: replacing(async (file, text, writer) => {
    await writeFile(`${file}.${writer}`, text);
    await rename(`${file}.${writer}`, file);
  }),
};

// ------------------------------------------------------------------ log rotation

/** Two log two lines each into a log that holds two; nothing may be lost. */
function logging(makeLog: (file: string, sim: Sim) => (line: string) => Promise<void>): Case {
  return async (folder, sim) => {
    const file = join(folder, 'log');
    const log = makeLog(file, sim);
    await both(sim, async (name) => {
      for (const n of [1, 2]) await log(`${name} ${n}\n`);
    });
    const kept = [file, `${file}.1`].map((one) => (existsSync(one) ? readFileSync(one, 'utf8') : '')).join('');
    expect(kept.split('\n').filter(Boolean).sort()).toEqual(['one 1', 'one 2', 'two 1', 'two 2']);
  };
}

async function rotateIfFull(file: string, sim: Sim): Promise<void> {
  const size = await stat(file).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size < 2 * 'one 1\n'.length) return;
  sim.branch('rotates');
  await rename(file, `${file}.1`);
}

const logRotation = {
  /** Both find it full: the second rotation overwrites what the first has kept. */
  broken: logging((file, sim) => async (line) => {
    await rotateIfFull(file, sim);
    await appendFile(file, line);
  }),
  /** One after the other. */
  fixed: logging((file, sim) => {
    let last = Promise.resolve();
    return (line) =>
      (last = last.then(async () => {
        await rotateIfFull(file, sim);
        await appendFile(file, line);
      }));
  }),
};

// ------------------------------------------------------------------ a listener closed while a request is in flight

/** A server shuts down while a client asks: the client gets its answer, or is refused before it was heard. */
function stopping(stop: (server: http.Server, pending: () => number) => Promise<void>): Case {
  return async (folder, sim) => {
    let pending = 0;
    let isHeard = false;
    writeFileSync(join(folder, 'page'), 'page');
    const server = http.createServer((_, response) => {
      pending++;
      isHeard = true;
      void readFile(join(folder, 'page'), 'utf8').then((page) => {
        response.end(page);
        pending--;
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const asking = sim.spawn('client', async () => {
      const [response] = (await once(http.get({ host: '127.0.0.1', port, agent: false }), 'response').catch(() => {
        sim.branch('is refused');
        expect(isHeard, 'it hung up on a request that it had heard').toBe(false);
        return [];
      })) as [http.IncomingMessage?];
      if (response !== undefined) sim.branch('is answered');
      response?.resume();
    });
    await sim.point('shut down');
    await stop(server, () => pending);
    await asking;
  };
}

const closedListener = {
  /** Hangs up on whoever is connected. */
  broken: stopping(async (server) => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }),
  /** Takes no more, and lets those that are there come to their end. */
  fixed: stopping(async (server) => {
    server.close();
    await once(server, 'close');
  }),
};

const options = { strategy: 'random', seed: 2, time: 'idle', leaks: 'off' } as const;

test.each([
  ['a lock file by mkdir, looking first', lockFile.broken, 'rmdir'],
  ['a write in place', atomicWrite.broken, 'to be'],
  ['an atomic write through one temporary file', atomicWrite.halfFixed, ''],
  ['a log that both rotate', logRotation.broken, 'to deeply equal'],
  ['a listener that hangs up while a request is in flight', closedListener.broken, 'it hung up'],
])('found: %s', async (_, body, message) => {
  const run = (sim: Sim): Promise<void> => inFolder((folder) => body(folder, sim));
  const { failure } = await explore(run, { ...options, runs: 200, vacuity: 'off' });
  expect(failure).toMatchObject({ kind: 'error', reach: 'today' });
  expect(failure!.message).toContain(message);
});

const RUNS = process.env['STRADDLE_DEEP'] === '1' ? 2_000 : 100;

test.each([
  ['a lock file by mkdir', lockFile.fixed, ['one holds the lock', 'two holds the lock']],
  ['an atomic write by rename', atomicWrite.fixed, ['reads the old', 'reads a new one']],
  ['a log rotated by one at a time', logRotation.fixed, ['rotates']],
  ['a listener that closes when all are served', closedListener.fixed, ['is answered', 'is refused']],
])('clean: %s', async (_, body, branches) => {
  const run = (sim: Sim): Promise<void> => inFolder((folder) => body(folder, sim));
  const report = await explore(run, { ...options, runs: RUNS, branches });
  expect(report.failure?.message).toBeUndefined();
  expect(report).toMatchObject({ verdict: 'pass', executions: RUNS, warnings: [] });
});
