import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import seedrandom from 'seedrandom';
import type { NodeChange } from './axes.ts';

/** The variable that tells what to change, as JSON. */
const VARIABLE = 'STRADDLE_TRIAGE';

/** Loaded by `--import` before the first module of a Node program that is triaged. */
const { clock, seed, timers: pace, stall } = JSON.parse(process.env[VARIABLE] ?? '{}') as NodeChange;
if (clock !== undefined) shiftClock(clock);
if (seed !== undefined) fixRandomness(seed);
if (pace !== undefined) scaleTimers(pace);
if (stall !== undefined) stallLoop(stall);

function shiftClock(start: number): void {
  const Original = Date;
  const shift = start - Original.now();
  const shifted = class extends Original {
    constructor(...args: unknown[]) {
      if (args.length === 0) super(Original.now() + shift);
      else super(...(args as [number]));
    }
    static override now(): number {
      return Original.now() + shift;
    }
  };
  // `Date()` without `new` is a string.
  globalThis.Date = new Proxy(shifted, { apply: () => new shifted().toString() }) as DateConstructor;
}

function fixRandomness(seed: number): void {
  const next = seedrandom.tychei(String(seed));
  const fill = <T extends ArrayBufferView>(view: T): T => {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(next() * 256);
    return view;
  };
  Math.random = () => next();
  const uuid = (): string => {
    const bytes = fill(Buffer.alloc(16));
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  };
  const randomBytes = (size: number, done?: (error: null, bytes: Buffer) => void): Buffer | undefined => {
    const bytes = fill(Buffer.alloc(size));
    if (done === undefined) return bytes;
    setImmediate(() => done(null, bytes));
    return undefined;
  };
  const randomInt = (...args: unknown[]): number | undefined => {
    const numbers = args.filter((arg) => typeof arg === 'number');
    const [low, high] = numbers.length > 1 ? numbers : [0, numbers[0]!];
    const drawn = low! + Math.floor(next() * (high! - low!));
    const done = args.at(-1);
    if (typeof done !== 'function') return drawn;
    setImmediate(() => done(null, drawn) as unknown);
    return undefined;
  };
  Object.assign(crypto, { randomUUID: uuid, randomBytes, randomInt, randomFillSync: fill });
  for (const [name, value] of Object.entries({ randomUUID: uuid, getRandomValues: fill })) {
    Object.defineProperty(globalThis.crypto, name, { value, configurable: true, writable: true });
  }
  syncBuiltinESMExports();
}

function scaleTimers(factor: number): void {
  const scaled = (ms: unknown): unknown => (typeof ms === 'number' && ms > 0 && ms <= 1000 ? ms * factor : ms);
  for (const name of ['setTimeout', 'setInterval'] as const) {
    const original = timers[name] as unknown as (...args: unknown[]) => unknown;
    const slowed = (run: unknown, ms: unknown, ...rest: unknown[]): unknown => original(run, scaled(ms), ...rest);
    // `util.promisify` finds the promise form there.
    Object.defineProperties(slowed, Object.getOwnPropertyDescriptors(original));
    Object.assign(globalThis, { [name]: slowed });
    Object.assign(timers, { [name]: slowed });
  }
  const sleep = timers.promises.setTimeout as (...args: unknown[]) => unknown;
  Object.assign(timers.promises, { setTimeout: (ms: unknown, ...rest: unknown[]) => sleep(scaled(ms), ...rest) });
  syncBuiltinESMExports();
}

function stallLoop(ms: number): void {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  timers.setInterval(() => Atomics.wait(sleeper, 0, 0, ms), 5).unref();
}
