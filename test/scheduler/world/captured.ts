/** References as modules take them when they are loaded. */
import { getRandomValues, randomBytes, randomInt, randomUUID } from 'node:crypto';
import { performance as namedPerformance } from 'node:perf_hooks';
import { hrtime as namedHrtime, uptime as namedUptime } from 'node:process';
import { setInterval as namedInterval, setTimeout as namedTimeout } from 'node:timers';
import * as promised from 'node:timers/promises';
import { promisify } from 'node:util';
import workerThreads from 'node:worker_threads';

const { setTimeout, setImmediate, setInterval, clearInterval, Date: CapturedDate } = globalThis;
const { now } = Date;
const { now: performanceNow } = performance;
const { hrtime } = process;
const { bigint } = process.hrtime;
const { random } = Math;
const { timeout } = AbortSignal;
const { setTimeout: promisedTimeout, setInterval: promisedInterval } = promised;
const wait = promised.scheduler.wait.bind(promised.scheduler);
const promisified = promisify(setTimeout);
const randomUUIDOfWeb = crypto.randomUUID.bind(crypto);

const callback = (arm: (done: () => void, ms: number) => unknown, ms: number): Promise<void> =>
  new Promise((resolve) => void arm(resolve, ms));

export const timers: Record<string, (ms: number) => Promise<unknown>> = {
  setTimeout: (ms) => callback(setTimeout, ms),
  'setTimeout of node:timers': (ms) => callback(namedTimeout, ms),
  setInterval: async (ms) => {
    let interval: unknown;
    await callback((done) => (interval = setInterval(done, ms)), ms);
    clearInterval(interval as never);
  },
  'setInterval of node:timers': async (ms) => {
    let interval: unknown;
    await callback((done) => (interval = namedInterval(done, ms)), ms);
    clearInterval(interval as never);
  },
  'setTimeout of node:timers/promises': (ms) => promisedTimeout(ms),
  'setInterval of node:timers/promises': async (ms) => {
    for await (const tick of promisedInterval(ms, 1)) return tick;
    return 0;
  },
  'scheduler.wait': (ms) => wait(ms),
  'promisified setTimeout': (ms) => promisified(ms),
  'AbortSignal.timeout': (ms) => callback((done) => timeout(ms).addEventListener('abort', done), ms),
};

export const immediate = setImmediate;

/** In milliseconds. */
export const clocks: Record<string, () => number> = {
  'Date.now': now,
  'new Date': () => new CapturedDate().getTime(),
  'performance.now': () => performanceNow.call(performance),
  'performance of node:perf_hooks': () => namedPerformance.now(),
  'process.hrtime': () => hrtime()[0] * 1_000 + hrtime()[1] / 1e6,
  'hrtime of node:process': () => namedHrtime()[0] * 1_000 + namedHrtime()[1] / 1e6,
  'hrtime.bigint': () => Number(bigint() / 1_000n) / 1_000,
  'process.uptime': () => namedUptime() * 1_000,
};

export const chance: Record<string, () => unknown> = {
  'Math.random': random,
  'crypto.randomUUID': randomUUIDOfWeb,
  'randomUUID of node:crypto': () => randomUUID(),
  getRandomValues: () => [...getRandomValues(new Uint8Array(8))],
  randomBytes: () => randomBytes(8).toString('hex'),
  randomInt: () => randomInt(2 ** 40),
};

export const channels = {
  MessageChannel: workerThreads.MessageChannel,
  BroadcastChannel: globalThis.BroadcastChannel,
};
