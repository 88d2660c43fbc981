import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { PerformanceObserver } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { explore, type ExploreOptions, type Report, type Sim } from '../../../../src/index.ts';
import { httpRequests } from './bodies.ts';

// As a module holds them that was loaded before straddle.
const { setTimeout: realTimeout, setImmediate: realImmediate, Date: RealDate } = globalThis;

const module = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const { compile } = (globalThis as unknown as { WebAssembly: { compile: (bytes: Uint8Array) => Promise<unknown> } })
  .WebAssembly;

function run(body: (sim: Sim) => unknown, options: ExploreOptions = {}): Promise<Report> {
  return explore(body, { strategy: 'natural', vacuity: 'off', leaks: 'off', ...options });
}

function names({ warnings }: Report): string[] {
  return warnings.map(({ name }) => name);
}

describe('what is not controlled is named', () => {
  test('a real timer, by its place, and it is waited for', async () => {
    const report = await run(() => new Promise((resolve) => realTimeout(resolve, 60)));
    expect(report.verdict).toBe('pass');
    expect(report.warnings).toEqual([
      {
        name: 'real-timer',
        detail: expect.stringMatching(/uncontrolled\.test\.ts:\d+:\d+.*straddle\/register/) as string,
      },
    ]);
  });

  test('an immediate that was taken from Node before is an operation all the same', async () => {
    const report = await run(async () => {
      await new Promise<void>((resolve) => realImmediate(resolve));
      const observed = new Promise<number>((resolve) => {
        new PerformanceObserver((list) => resolve(list.getEntries().length)).observe({ entryTypes: ['mark'] });
      });
      performance.mark('here');
      expect(await observed).toBe(1);
      expect(await new Blob(['text']).text()).toBe('text');
    });
    expect(report.failure?.message).toBeUndefined();
    expect(names(report)).toEqual([]);
  });

  test('timers through globalThis are none', async () => {
    expect(names(await run(() => new Promise((resolve) => setTimeout(resolve, 60))))).toEqual([]);
  });

  test("an answer from nowhere, as a native addon's thread gives it", async () => {
    const report = await run(() => compile(module));
    expect(report.verdict).toBe('pass');
    expect(report.warnings).toEqual([
      { name: 'uncontrolled', detail: expect.stringMatching(/native addon's thread.*use a fake/) as string },
    ]);
  });

  test('the same through its global is an operation', async () => {
    const { WebAssembly } = globalThis as unknown as { WebAssembly: { compile: typeof compile } };
    expect(await run(() => WebAssembly.compile(module))).toMatchObject({ verdict: 'pass', warnings: [], steps: 2 });
  });

  test('a session of HTTP/2, which goes on in native code', async () => {
    const report = await run(async () => {
      const server = http2.createServer((request, response) => void response.end(`to ${request.url}`));
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      const closed = once(session, 'close');
      expect(await text(session.request({ ':path': '/a' }))).toBe('to /a');
      session.close();
      await closed;
      server.close();
    });
    expect(report.failure?.message).toBeUndefined();
    expect(report.warnings).toEqual([
      { name: 'uncontrolled', detail: expect.stringMatching(/HTTP\/2.*native code.*node:http/) as string },
    ]);
  });

  test('what the garbage collector tells', async () => {
    const { gc } = globalThis as { gc?: () => void };
    const kept: unknown[] = [];
    const report = await run(async () => {
      const gone = new Promise((resolve) => {
        const registry = new FinalizationRegistry(resolve);
        registry.register({}, 'gone');
        kept.push(registry);
      });
      gc?.();
      expect(await gone).toBe('gone');
    });
    expect(report.failure?.message).toBeUndefined();
    expect(names(report)).toEqual(['uncontrolled']);
  });

  test('a registry that holds what is still there tells nothing', async () => {
    const report = await run(async () => {
      const held = {};
      new FinalizationRegistry(() => undefined).register(held, undefined);
      await new Promise((resolve) => setTimeout(resolve, 10));
      return held;
    });
    expect(names(report)).toEqual([]);
  });

  test('Atomics.wait, by its place', async () => {
    const array = new Int32Array(new SharedArrayBuffer(4));
    const report = await run(() => expect(Atomics.wait(array, 0, 0, 5)).toBe('timed-out'));
    expect(report.verdict).toBe('pass');
    expect(report.warnings).toEqual([
      {
        name: 'blocking-wait',
        detail: expect.stringMatching(/Atomics\.wait at .*uncontrolled\.test\.ts:\d+/) as string,
      },
    ]);
  });

  test('a process that speaks when it likes', async () => {
    const report = await run(async () => {
      const child = spawn('sh', ['-c', 'echo one; sleep 0.5; echo two']);
      child.stdout.setEncoding('utf8');
      const heard: unknown[] = await once(child.stdout, 'data');
      await once(child, 'close');
      expect(heard).toEqual(['one\n']);
    });
    expect(report.verdict).toBe('pass');
    expect(names(report)).toEqual(['slow-outside']);
  });

  test('a worker that speaks by a timer of its own is waited for', async () => {
    const report = await run(async () => {
      const code = `setTimeout(() => require('node:worker_threads').parentPort.postMessage(1), 100);`;
      await once(new Worker(code, { eval: true }), 'message');
    });
    expect(report.verdict).toBe('pass');
  });

  test('a socket to another process that speaks unasked', async () => {
    const server = net.createServer((socket) => {
      socket.write('one');
      realTimeout(() => socket.write('two'), 200);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const report = await run(async () => {
      const socket = net.connect(port, '127.0.0.1');
      await once(socket, 'data');
      await once(socket, 'data');
      socket.destroy();
    });
    server.close();
    expect(report.verdict).toBe('pass');
    expect(names(report)).toEqual(['spoke-unasked']);
  });

  test('a trace that differs is told by its first difference, on both sides', async () => {
    let execution = 0;
    const report = await run(
      async (sim) => {
        execution++;
        await sim.point(execution % 2 === 0 ? 'even' : 'odd');
      },
      { strategy: 'random', runs: 200 },
    );
    expect(report.failure).toMatchObject({ kind: 'nondeterminism' });
    expect(report.failure!.message).toMatch(
      /at step 1, the first time it was main at (odd|even), the second time main at (odd|even)/,
    );
  });
});

describe('the deadlock rule waits for what is alive, and no longer', () => {
  const stuck = (): Promise<never> => new Promise<never>(() => undefined);

  test('a lease that is refreshed until its holder has an answer from outside is alive', async () => {
    const server = http.createServer((_, response) => void realTimeout(() => response.end('late'), 40));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    let refreshed = 0;
    const report = await run(async () => {
      const refresh = setInterval(() => refreshed++, 10);
      const answer = await fetch(`http://127.0.0.1:${port}`);
      expect(await answer.text()).toBe('late');
      clearInterval(refresh);
    });
    server.close();
    expect(report.failure?.message).toBeUndefined();
  });

  test('an interval beside an open server leads nowhere, and is named', async () => {
    const { failure } = await run(async (sim) => {
      http.createServer().listen(0);
      setInterval(() => undefined, 10);
      await sim.spawn('waiter', stuck);
    });
    expect(failure).toMatchObject({ kind: 'deadlock' });
    expect(failure!.message).toMatch(/waiter.*firing them again and again changes nothing: interval/);
  });

  test("an unref'd timer may be somebody's time-out: it fires", async () => {
    const { verdict } = await run(() => new Promise((resolve) => setTimeout(resolve, 3_600_000).unref()));
    expect(verdict).toBe('pass');
  });

  test('nothing alive at all: at once, without looking again in later executions', async () => {
    const { failure, elapsedMs } = await run(stuck);
    expect(failure).toMatchObject({ kind: 'deadlock' });
    expect(elapsedMs).toBeLessThan(5_000);
  });
});

test('while I/O is awaited the host finds its own functions, and its loop turns', async () => {
  const found = new Set<string>();
  const look = setInterval(() => {
    if (globalThis.setTimeout !== realTimeout) found.add('setTimeout');
    if (globalThis.Date !== RealDate || RealDate.now() < Date.UTC(2025)) found.add('Date');
    readFileSync(import.meta.filename);
    found.add('looked');
  }, 0);
  const { verdict } = await explore(httpRequests, { strategy: 'random', runs: 20, seed: 1, vacuity: 'off' });
  clearInterval(look);
  expect(verdict).toBe('pass');
  expect([...found]).toEqual(['looked']);
});
