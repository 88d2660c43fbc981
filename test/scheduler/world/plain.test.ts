import inspector from 'node:inspector';
import crypto, { randomUUID as randomUUIDNamed } from 'node:crypto';
import { setTimeout as setTimeoutNamed } from 'node:timers';
import * as promised from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { findBuiltins } from '../../../scheduler/world/named-imports.ts';
import { Patches } from '../../../scheduler/world/patch.ts';
import { inside, later } from './controlled.ts';

/** Everything that has a counterpart, by every way to reach it. */
const seen = (): Record<string, unknown> => ({
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
  setImmediate,
  clearImmediate,
  queueMicrotask,
  nextTick: process.nextTick,
  setTimeoutNamed,
  sleep: promised.setTimeout,
  yield: promised.scheduler.yield,
  Date,
  DateConstructor: Date.prototype.constructor,
  dateNow: Date.now,
  format: Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'format')!.get,
  random: Math.random,
  uuid: crypto.randomUUID,
  randomUUIDNamed,
  randomValues: globalThis.crypto.getRandomValues,
  now: performance.now,
  timeOrigin: performance.timeOrigin,
  hrtime: process.hrtime,
  bigint: process.hrtime.bigint,
  uptime: process.uptime,
  timeout: AbortSignal.timeout,
  MessageChannel,
  BroadcastChannel,
  postMessage: MessagePort.prototype.postMessage,
});

const before = seen();
const own = Object.keys(before).filter((name) => !['queueMicrotask', 'nextTick'].includes(name));

function expectAsBefore(): void {
  for (const [name, value] of Object.entries(seen())) expect(value, name).toBe(before[name]);
}

/** After so many explorations another way is taken to make named imports follow. */
const MANY = 60;

test('inside, everything has its counterpart', async () => {
  for (let i = 0; i < MANY; i++) {
    await inside(() => {
      const now = seen();
      for (const name of own) expect(now[name], name).not.toBe(before[name]);
    });
    expectAsBefore();
  }
});

test('the modules of Node are seen through the inspector, or not at all', () => {
  const connect = vi.spyOn(inspector.Session.prototype, 'connect').mockImplementation(() => {
    throw new Error('not permitted');
  });
  expect(findBuiltins()).toEqual([]);
  expect(connect).toHaveBeenCalledOnce();
  connect.mockRestore();
  expect(findBuiltins().map(({ exports }) => exports)).toContain(crypto);
});

test('outside, everything is the original, whatever the body did or threw', async () => {
  await inside(() => later(5));
  expectAsBefore();
  await expect(inside(() => Promise.reject(new Error('thrown')))).rejects.toThrow('thrown');
  expectAsBefore();
  await inside(() => {
    globalThis.setTimeout = (() => 'mine') as never;
    Math.random = () => 0.5;
    globalThis.Date = (() => 'mine') as never;
    Reflect.deleteProperty(globalThis, 'setImmediate');
  });
  expectAsBefore();
  await inside(() => expect(setTimeout(() => undefined, 1)).not.toBe('mine'));
  expectAsBefore();
});

test('what the host has put there stays, from one exploration to the next', async () => {
  const { random } = Math;
  const own = (): number => 0.5;
  for (const hosts of [own, own, random, own]) {
    Math.random = hosts;
    await inside(() => expect(Math.random).not.toBe(hosts));
    expect(Math.random).toBe(hosts);
  }
  Object.defineProperty(Math, 'random', { get: () => own, configurable: true, enumerable: false });
  await inside(() => expect(Math.random).not.toBe(own));
  expect(Object.getOwnPropertyDescriptor(Math, 'random')!.get).toBeDefined();
  Object.defineProperty(Math, 'random', { value: random, writable: false });
  await inside(() => expect(Math.random).not.toBe(random));
  expect(Object.getOwnPropertyDescriptor(Math, 'random')).toMatchObject({ value: random, writable: false });
  Reflect.deleteProperty(Math, 'random');
  await inside(() => expect(Math.random()).toBeLessThan(1));
  expect(Object.hasOwn(Math, 'random')).toBe(false);
  Object.defineProperty(Math, 'random', { value: random, writable: true, configurable: true, enumerable: false });
  await inside(() => expect(Math.random).not.toBe(random));
  expectAsBefore();
});

test('what is frozen is named, and all else is given back', () => {
  const owner = { frozen: 1, free: 2 };
  Object.defineProperty(owner, 'frozen', { writable: false, configurable: false });
  const patches = new Patches();
  patches.replace(owner, 'free', 3);
  patches.replace(owner, 'frozen', 4);
  const refusal = expect.objectContaining({ kind: 'usage', message: expect.stringContaining("'frozen'") as string });
  expect(() => patches.install()).toThrow(refusal);
  patches.uninstall();
  expect(owner).toEqual({ frozen: 1, free: 2 });
});
