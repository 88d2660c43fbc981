import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeEach, expect, test, vi } from 'vitest';
import { explore } from '../../../../src/index.ts';
import { httpRequests } from './bodies.ts';

/** Real milliseconds: ten times as many, as the engine takes them, are more than anybody has who may never answer. */
const TOO_LONG_MS = 1_000;

// The engine waits for seconds before it believes in a silence: its clock goes ten times as fast here.
const host = vi.hoisted(() => {
  // The clock leaps whenever it is read; a compiler of WebAssembly that is slow, and how often it was asked.
  const host = { leaps: false, late: Promise.resolve() as Promise<unknown>, compiled: 0 };
  const now = performance.now.bind(performance);
  const from = now();
  let leapt = 0;
  performance.now = () => {
    if (host.leaps) leapt += 60_000;
    return from + leapt + 10 * (now() - from);
  };
  const wasm = (globalThis as unknown as { WebAssembly: { compile: (bytes: Uint8Array) => Promise<unknown> } })
    .WebAssembly;
  const { compile } = wasm;
  wasm.compile = async (bytes) => {
    host.compiled++;
    await host.late;
    return compile(bytes);
  };
  return host;
});

beforeEach(() => {
  host.leaps = false;
  host.compiled = 0;
  host.late = new Promise((resolve) => setTimeout(resolve, TOO_LONG_MS));
});

const options = { strategy: 'random', seed: 1, runs: 2, leaks: 'off', vacuity: 'off' } as const;

test('a process that never ends is a diagnosis that names it', async () => {
  const { failure } = await explore(async () => void (await once(spawn('cat'), 'exit')), { strategy: 'natural' });
  expect(failure).toMatchObject({ kind: 'deadlock', waiting: [{ task: 'main' }] });
  expect(failure!.message).toContain('child process cat');
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
  // When `fetch` is first used Node compiles its parser of HTTP: in threads of V8's, or at once in newer versions.
  const isOld = process.versions.node.startsWith('20.');
  expect(host.compiled).toBe(isOld ? 1 : 0);
});

test('what is sure to be answered is no deadlock, however long it takes', async () => {
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: { compile: (bytes: Uint8Array) => Promise<unknown> };
  };
  const bytes = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const { failure, warnings } = await explore(() => WebAssembly.compile(bytes), options);
  expect(failure?.message).toBeUndefined();
  expect(warnings.map(({ name }) => name)).toEqual(['slow-outside']);
  expect(host.compiled).toBe(2);
});

test('nobody has been silent because the clock leaps', async () => {
  host.leaps = true;
  const { failure, warnings } = await explore(httpRequests, options);
  expect({ failure: failure?.message, warnings }).toEqual({ warnings: [] });
});
