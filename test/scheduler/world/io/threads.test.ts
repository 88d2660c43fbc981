import { once } from 'node:events';
import { BroadcastChannel, Worker, type MessagePort } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { explored } from './explored.ts';

const RUNS = process.env['STRADDLE_DEEP'] === '1' ? 100 : 4;

/** A port that has been given to a worker: it answers twice. */
async function port(): Promise<unknown> {
  const { port1, port2 } = new MessageChannel() as unknown as { port1: MessagePort; port2: MessagePort };
  const code = `
    const { workerData: port } = require('node:worker_threads');
    port.on('message', (n) => {
      port.postMessage(n + 1);
      if (n === 2) port.close();
    });`;
  const worker = new Worker(code, { eval: true, workerData: port2, transferList: [port2] });
  const ended = once(worker, 'exit');
  const heard: unknown[] = [];
  for (const n of [1, 2]) {
    port1.postMessage(n);
    heard.push(...(await once(port1, 'message')));
  }
  await ended;
  return heard;
}

/** A channel that a worker has joined. */
async function broadcast(): Promise<unknown> {
  const code = `
    const { BroadcastChannel, parentPort } = require('node:worker_threads');
    const channel = new BroadcastChannel('numbers');
    channel.onmessage = ({ data }) => {
      channel.postMessage(data + 1);
      if (data === 3) channel.close();
    };
    parentPort.postMessage('here');`;
  const channel = new BroadcastChannel('numbers');
  const worker = new Worker(code, { eval: true });
  const ended = once(worker, 'exit');
  await once(worker, 'message');
  const heard: unknown[] = [];
  for (const n of [1, 3]) {
    const answer = new Promise((resolve) => (channel.onmessage = resolve));
    channel.postMessage(n);
    heard.push(((await answer) as { data: unknown }).data);
  }
  channel.close();
  await ended;
  return heard;
}

/** A worker that would never end. */
async function terminated(): Promise<unknown> {
  const worker = new Worker('setInterval(() => undefined, 1e6)', { eval: true });
  await once(worker, 'online');
  return worker.terminate();
}

/** Newer than the library that the compiler knows. */
interface NewerAtomics {
  waitAsync(array: Int32Array, index: number, value: number): { readonly value: Promise<string> };
}

/** A worker wakes whoever waits at a place of shared memory. */
async function woken(): Promise<unknown> {
  const array = new Int32Array(new SharedArrayBuffer(4));
  const code = `
    const { workerData: array, parentPort } = require('node:worker_threads');
    parentPort.once('message', () => {
      Atomics.store(array, 0, 1);
      Atomics.notify(array, 0);
    });`;
  const worker = new Worker(code, { eval: true, workerData: array });
  const { value } = (Atomics as unknown as NewerAtomics).waitAsync(array, 0, 0);
  worker.postMessage('go');
  return [await value, array[0]];
}

test.each([
  ['a port', port, [2, 3]],
  ['a broadcast channel', broadcast, [2, 4]],
  ['the end of one that is terminated', terminated, 1],
  ['shared memory', woken, ['ok', 1]],
] as const)('a worker answers, the same again with the same seed: %s', async (_, body, result) => {
  const first = await explored(body, { runs: RUNS, seed: 3, leaks: 'off' });
  expect(first.report.failure?.message).toBeUndefined();
  expect(new Set(first.results)).toEqual(new Set([JSON.stringify(result)]));
  const again = await explored(body, { runs: RUNS, seed: 3, leaks: 'off' });
  expect(again.traces).toEqual(first.traces);
});

test('a worker that speaks through a port unasked is named', async () => {
  const { report } = await explored(
    async () => {
      const { port1, port2 } = new MessageChannel() as unknown as { port1: MessagePort; port2: MessagePort };
      const code = `
        require('node:worker_threads').parentPort.once('message', (port) => {
          setInterval(() => port.postMessage('tick'), 100);
        });`;
      new Worker(code, { eval: true }).postMessage(port2, [port2]);
      await once(port1, 'message');
    },
    { runs: 1, seed: 2, leaks: 'off' },
  );
  expect(report.verdict).toBe('pass');
  expect(report.warnings.map(({ name }) => name)).toEqual(['spoke-unasked']);
});
