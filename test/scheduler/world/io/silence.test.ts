import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { explore } from '../../../../src/index.ts';
import { httpRequests } from './bodies.ts';

// The engine waits for seconds before it believes in a silence: its clock goes on by some milliseconds whenever it is
// read, so that what is counted here are looks.
const host = vi.hoisted(() => {
  const host = {
    stepMs: 5,
    /** Who keeps silent speaks after so many readings: by then more has been waited than for anybody who may never. */
    tooMany: 3_000,
    readings: 0,
    speak: (): void => undefined,
    /** The engine has just looked whether a thread is at work: it speaks at the next reading. */
    hasLooked: false,
    /** How often WebAssembly was compiled, which takes until somebody speaks; not while modules are loaded. */
    compiled: 0,
    isLoaded: false,
  };
  let at = performance.now();
  performance.now = () => {
    if (++host.readings === host.tooMany || host.hasLooked) host.speak();
    host.hasLooked = false;
    return (at += host.stepMs);
  };
  const wasm = (globalThis as unknown as { WebAssembly: { compile: (bytes: Uint8Array) => Promise<unknown> } })
    .WebAssembly;
  const { compile } = wasm;
  wasm.compile = async (bytes) => {
    host.compiled++;
    if (!host.isLoaded) return compile(bytes);
    host.readings = 0;
    await new Promise<void>((resolve) => (host.speak = resolve));
    return compile(bytes);
  };
  const fs = process.getBuiltinModule('node:fs');
  const { readlinkSync } = fs;
  fs.readlinkSync = ((path: string) => {
    host.hasLooked ||= path === '/proc/thread-self';
    return readlinkSync(path);
  }) as typeof readlinkSync;
  return host;
});

beforeEach(() => {
  host.stepMs = 5;
  host.tooMany = 3_000;
  host.readings = 0;
  host.speak = () => undefined;
  host.compiled = 0;
  host.isLoaded = true;
});

const options = { strategy: 'random', seed: 1, runs: 2, leaks: 'off', vacuity: 'off' } as const;

test('a process that never ends is a diagnosis that names it', async () => {
  const { failure } = await explore(async () => void (await once(spawn('cat'), 'exit')), { strategy: 'natural' });
  expect(failure).toMatchObject({ kind: 'deadlock', waiting: [{ task: 'main' }] });
  expect(failure!.message).toContain('child process cat');
});

test.runIf(process.platform === 'linux')('a process that is seen to be at work is no deadlock', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'silence-'));
  const path = join(folder, 'spoken');
  host.speak = () => writeFileSync(path, '');
  // The shell waits, and what it has started works.
  const busy = `while (!require('node:fs').existsSync('${path}'));`;
  const body = (): Promise<unknown> => once(spawn('sh', ['-c', `"$0" -e "${busy}"; :`, process.execPath]), 'exit');
  const { failure, warnings } = await explore(body, { strategy: 'natural' });
  rmSync(folder, { recursive: true });
  expect(failure?.message).toBeUndefined();
  expect(warnings.map(({ name }) => name)).toEqual(['slow-outside']);
});

describe.runIf(process.platform === 'linux')('a worker', () => {
  /** What a worker says that is idle first and then asked to run `code`. */
  const message = async (code: string, workerData?: unknown): Promise<unknown> => {
    const wrapped = `const threads = require('node:worker_threads'); threads.parentPort.once('message', () => { ${code} });`;
    const worker = new Worker(wrapped, { eval: true, workerData });
    await once(worker, 'online');
    worker.postMessage('go');
    return once(worker, 'message');
  };

  test('that is seen to be at work is no deadlock', async () => {
    const cell = new Int32Array(new SharedArrayBuffer(4));
    host.tooMany = Infinity;
    host.speak = () => void Atomics.store(cell, 0, 1);
    const busy = 'while (Atomics.load(threads.workerData, 0) === 0); threads.parentPort.postMessage(1);';
    const { failure, warnings } = await explore(() => message(busy, cell), { ...options, runs: 1 });
    expect(failure?.message).toBeUndefined();
    expect(warnings.map(({ name }) => name)).toEqual(['slow-outside']);
  });

  test('that is blocked is one', async () => {
    const blocked = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);';
    const { failure } = await explore(() => message(blocked), { ...options, runs: 1 });
    expect(failure).toMatchObject({ kind: 'deadlock', message: expect.stringContaining('worker') as string });
  });
});

test('an answer that never comes is a diagnosis that names what is waited for', async () => {
  const server = http.createServer(() => undefined);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const never = (): Promise<unknown> => once(http.get({ host: '127.0.0.1', port, agent: false }), 'response');
  const { failure, warnings } = await explore(never, { strategy: 'natural' });
  server.closeAllConnections();
  server.close();
  expect(failure).toMatchObject({ kind: 'deadlock', waiting: [{ task: 'main' }] });
  expect(failure!.message).toContain(`socket to 127.0.0.1:${port}`);
  expect(warnings.map(({ name }) => name)).toEqual(['slow-outside']);
});

test('what the engine itself has begun is waited for, however long it takes', async () => {
  const body = async (): Promise<void> => {
    const server = http.createServer((_, response) => void response.end('answer'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(await answer.text()).toBe('answer');
    server.closeAllConnections();
    server.close();
  };
  const { failure, warnings } = await explore(body, options);
  expect({ failure: failure?.message, warnings }).toEqual({ warnings: [] });
  // When `fetch` is first used Node compiles its parser of HTTP; newer versions do so earlier, or at once.
  const isOld = process.versions.node.startsWith('20.');
  expect(host.compiled).toBe(isOld ? 1 : 0);
});

test('what is sure to be answered is no deadlock, however long it takes', async () => {
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: { compile: (bytes: Uint8Array) => Promise<unknown> };
  };
  const bytes = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const { failure, warnings } = await explore(() => WebAssembly.compile(bytes), { ...options, runs: 1 });
  expect(failure?.message).toBeUndefined();
  expect(warnings.map(({ name }) => name)).toEqual(['slow-outside']);
  expect(host.compiled).toBe(1);
});

test('nobody has been silent because the clock leaps', async () => {
  host.stepMs = 60_000;
  const { failure, warnings } = await explore(httpRequests, options);
  expect({ failure: failure?.message, warnings }).toEqual({ warnings: [] });
});
