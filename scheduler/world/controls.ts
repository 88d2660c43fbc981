import { AsyncLocalStorage } from 'node:async_hooks';
import nodePerformance from 'node:perf_hooks';
import timers from 'node:timers';
import promised from 'node:timers/promises';
import workerThreads from 'node:worker_threads';
import { crypto, fs } from './builtins.ts';
import { abortAfter, isAbortDelay } from './abort-timeout.ts';
import { dateDispatcher, formatGetter, formatToPartsDispatcher, temporalNow, type TemporalLike } from './date.ts';
import { broadcastChannelDispatcher, messageChannelDispatcher, workerDispatcher } from './channels.ts';
import { disguise, dispatcher, isDispatcher, worldSlot, type AnyFunction } from './dispatch.ts';
import { notifying, waitAsync } from './async-waits.ts';
import { waitBlocking } from './blocking.ts';
import { WHOLE_CALLS } from './fs-whole.ts';
import type { MockTimers } from './fake-clocks.ts';
import type { World } from './install.ts';
import { isCalledByNode } from '../sites.ts';
import { UNSURE, type Limits } from './request.ts';
import { NamedImports } from './named-imports.ts';
import { Patches } from './patch.ts';
import { markAt, measureUntil } from './process-clock.ts';

type Virtual = (world: World) => AnyFunction;

/** What `crypto.subtle` does: one operation each, though versions of Node go to the thread pool for other parts. */
const SUBTLE = [
  ...['encrypt', 'decrypt', 'sign', 'verify', 'digest', 'generateKey', 'deriveKey', 'deriveBits'],
  ...['importKey', 'exportKey', 'wrapKey', 'unwrapKey', 'getPublicKey'],
  ...['encapsulateBits', 'encapsulateKey', 'decapsulateBits', 'decapsulateKey'],
];

/** What Node has loaded of its own modules; it grows. */
const { moduleLoadList = [] } = process as unknown as { moduleLoadList?: readonly string[] };

/**
 * Everything of the host that has a virtual counterpart, and every place from which it can be reached. One
 * set per process: dispatchers are the same functions in all explorations.
 */
class Controls {
  readonly patches = new Patches();
  readonly #imports = new NamedImports(this.patches);
  /** One dispatcher for a function, wherever it is found. */
  readonly #dispatchers = new Map<unknown, AnyFunction>();
  /** Objects that an environment such as jsdom may put in place of the host's. */
  readonly #known = new Set<unknown>();
  /** How many of Node's own modules had been loaded when `node:test` was looked for. */
  #loaded = 0;

  constructor() {
    this.#addTimers();
    this.#addClocks();
    this.#addChance();
    this.#addChannels();
    this.#addOutside();
    this.#method(AsyncLocalStorage.prototype, 'enterWith', (original) => (world) => {
      world.entersContext();
      return original;
    });
    for (const name of ['queueMicrotask', 'performance', 'Intl', 'Temporal']) this.patches.guard(globalThis, name);
    this.patches.guard(process, 'nextTick');
    this.refresh();
  }

  /** Before an exploration: looks for what the environment has put in place since. */
  refresh(): void {
    this.#imports.prepare();
    this.#once(globalThis.performance, (owner) => this.#addPerformance(owner));
    this.#once(globalThis.crypto, (owner) => this.#addWebCrypto(owner));
    this.#once(globalThis.AbortSignal, (owner) => {
      this.#method(owner, 'timeout', (original) => (world) => (ms: unknown) => {
        return isAbortDelay(ms) ? abortAfter(world.timers, ms) : original.call(owner, ms as never);
      });
    });
    this.#addNodeTest();
    const frames = globalThis as { requestAnimationFrame?: unknown; requestIdleCallback?: unknown };
    this.#once(frames.requestAnimationFrame, () => {
      this.#method(globalThis, 'requestAnimationFrame', () => (world) => world.frames.requestAnimationFrame);
      this.#method(globalThis, 'cancelAnimationFrame', () => (world) => world.frames.cancel);
    });
    this.#once(frames.requestIdleCallback, () => {
      this.#method(globalThis, 'requestIdleCallback', () => (world) => world.frames.requestIdleCallback);
      this.#method(globalThis, 'cancelIdleCallback', () => (world) => world.frames.cancel);
    });
  }

  #once(found: unknown, add: (owner: object) => void): void {
    if (found === undefined || found === null || this.#known.has(found)) return;
    this.#known.add(found);
    add(found);
  }

  /** Replaces a method where it is defined, which may be a prototype of `object`. */
  #method(object: object, name: string, virtual: (original: AnyFunction) => Virtual): AnyFunction | undefined {
    const owner = ownerOf(object, name);
    const original = (object as Record<string, unknown>)[name];
    if (owner === undefined || typeof original !== 'function') return undefined;
    let dispatch = isDispatcher(original) ? (original as AnyFunction) : this.#dispatchers.get(original);
    if (dispatch === undefined) {
      dispatch = dispatcher(original as AnyFunction, virtual(original as AnyFunction));
      this.#dispatchers.set(original, dispatch);
      this.#known.add(dispatch);
    }
    this.patches.replace(owner, name, dispatch);
    return dispatch;
  }

  /** The same for the getter of an accessor. On the object itself: to change a prototype undoes much of V8's work. */
  #getter(object: object, name: string, virtual: (get: AnyFunction) => AnyFunction): void {
    const owner = ownerOf(object, name);
    const get = owner && Object.getOwnPropertyDescriptor(owner, name)?.get;
    if (get === undefined) return;
    this.patches.replaceGetter(object, name, isDispatcher(get) ? get : disguise(virtual(get), get));
  }

  #addTimers(): void {
    for (const owner of [globalThis, timers]) {
      this.#method(owner, 'setTimeout', () => (world) => world.timers.setTimeout);
      this.#method(owner, 'clearTimeout', () => (world) => world.timers.clearTimeout);
      this.#method(owner, 'setInterval', () => (world) => world.timers.setInterval);
      this.#method(owner, 'clearInterval', () => (world) => world.timers.clearTimeout);
      this.#method(owner, 'setImmediate', () => (world) => world.timers.setImmediate);
      this.#method(owner, 'clearImmediate', () => (world) => world.timers.clearImmediate);
    }
    this.#method(promised, 'setTimeout', () => (world) => world.promised.setTimeout);
    this.#method(promised, 'setImmediate', () => (world) => world.promised.setImmediate);
    this.#method(promised, 'setInterval', () => (world) => world.promised.setInterval);
    this.#method(promised.scheduler, 'wait', () => (world) => world.promised.wait);
    this.#method(promised.scheduler, 'yield', () => (world) => world.promised.yield);
  }

  #addClocks(): void {
    const date = isDispatcher(Date) ? Date : dateDispatcher(Date);
    this.patches.replace(globalThis, 'Date', date);
    this.patches.replace(Date.prototype, 'constructor', date);
    const formatter = Intl.DateTimeFormat.prototype;
    const { formatToParts } = formatter;
    const parts = isDispatcher(formatToParts) ? formatToParts : formatToPartsDispatcher(formatToParts);
    this.patches.replace(formatter, 'formatToParts', parts);
    this.#getter(formatter, 'format', (get) => formatGetter(get as never));
    const { Temporal } = globalThis as { Temporal?: TemporalLike };
    if (Temporal !== undefined) {
      for (const [name, at] of Object.entries(temporalNow(Temporal))) {
        this.#method(Temporal.Now, name, () => (world) => (zone: unknown) => at(world.date(), zone));
      }
    }
    this.#once(nodePerformance.performance, (owner) => this.#addPerformance(owner));
    const hrtime = this.#checked(process, 'hrtime', (world) => world.processClock.hrtime as AnyFunction)!;
    this.#method(hrtime, 'bigint', () => (world) => world.processClock.hrtimeBigint);
    this.#method(process, 'uptime', () => (world) => world.processClock.uptime);
  }

  #addPerformance(performance: object): void {
    this.#method(performance, 'now', () => (world) => world.processClock.now);
    this.#method(performance, 'mark', (original) => (world) => markAt(original, world.processClock.now()));
    this.#method(performance, 'measure', (original) => (world) => measureUntil(original, world.processClock.now()));
    this.#getter(
      performance,
      'timeOrigin',
      (get) =>
        function () {
          return worldSlot.world?.processClock.timeOrigin ?? get.call(this);
        },
    );
  }

  /**
   * Mock timers of `node:test` leave no trace on the functions that they replace: who uses them is noted. Only if that
   * module has been loaded: loading it would cost as much as many executions.
   */
  #addNodeTest(): void {
    if (moduleLoadList.length === this.#loaded) return;
    this.#loaded = moduleLoadList.length;
    if (!moduleLoadList.includes('NativeModule test')) return;
    const { mock } = process.getBuiltinModule('node:test') as unknown as { mock: object };
    this.#once(mock, () => {
      this.#getter(
        mock,
        'timers',
        (get) =>
          function () {
            const timers = get.call(this) as MockTimers;
            worldSlot.world?.fakes.note(timers);
            return timers;
          },
      );
    });
  }

  #addChance(): void {
    this.#method(Math, 'random', () => (world) => world.chance.next);
    this.#checked(crypto, 'randomUUID', (world) => () => world.entropy.randomUUID());
    this.#checked(crypto, 'randomUUIDv7', (world) => () => world.entropy.randomUUIDv7(world.date()));
    this.#checked(crypto, 'randomBytes', (world) => world.entropy.randomBytes);
    this.#checked(crypto, 'randomInt', (world) => world.entropy.randomInt);
    this.#checked(crypto, 'randomFillSync', (world) => world.entropy.randomFill);
    const { randomFillSync } = crypto;
    this.#method(
      crypto,
      'randomFill',
      () => (world) =>
        function (...args: never[]) {
          return checked(randomFillSync as AnyFunction, world.entropy.randomFill as AnyFunction, args);
        },
    );
    this.#once(crypto.webcrypto, (owner) => this.#addWebCrypto(owner));
  }

  #addWebCrypto(webcrypto: object): void {
    this.#checked(webcrypto, 'randomUUID', (world) => () => world.entropy.randomUUID());
    this.#checked(webcrypto, 'getRandomValues', (world) => world.entropy.getRandomValues as AnyFunction);
    const { subtle } = webcrypto as { subtle?: object };
    for (const name of SUBTLE) if (subtle !== undefined) this.#promising(subtle, name, `crypto.subtle.${name}`);
  }

  /** The host checks the arguments; what it answers is not used. */
  #checked(owner: object, name: string, virtual: Virtual): AnyFunction | undefined {
    return this.#method(
      owner,
      name,
      (original) => (world) =>
        function (this: unknown, ...args: never[]) {
          return checked(original, virtual(world), args, this);
        },
    );
  }

  #addOutside(): void {
    this.patches.replace(workerThreads, 'Worker', workerDispatcher(workerThreads.Worker));
    const { WebAssembly } = globalThis as unknown as { WebAssembly: object };
    for (const name of ['compile', 'instantiate', 'compileStreaming', 'instantiateStreaming']) {
      this.#promising(WebAssembly, name, `WebAssembly.${name}`, name.endsWith('Streaming') ? UNSURE : undefined);
    }
    this.#method(
      Atomics,
      'wait',
      (original) =>
        (world) =>
        (...args) =>
          waitBlocking(world.outside, original, args),
    );
    const notify = Atomics.notify as unknown as AnyFunction;
    this.#method(Atomics, 'waitAsync', (original) => (world) => (...args) => {
      return waitAsync(world.outside, original, notify, args);
    });
    this.#method(
      Atomics,
      'notify',
      (original) =>
        (world) =>
        (...args) =>
          notifying(original, args, world.outside),
    );
    this.#method(globalThis, 'fetch', (original) => (world) => world.fetching.fetch(original));
    for (const [name, plan] of Object.entries(WHOLE_CALLS.callback)) {
      this.#method(fs, name, (original) => (world) => world.files.withCallback(name, original, plan));
    }
    for (const [name, plan] of Object.entries(WHOLE_CALLS.promise)) {
      this.#method(fs.promises, name, (original) => (world) => world.files.promised(name, original, plan));
    }
  }

  /** An asynchronous function of the host that works outside: that its promise settles is an operation. */
  #promising(owner: object, name: string, label: string, limits?: Limits): void {
    this.#method(
      owner,
      name,
      (original) => (world) =>
        function (this: unknown, ...args: never[]) {
          const promise = original.apply(this, args) as Promise<unknown>;
          // What Node's own modules want is no concern of the test.
          return isCalledByNode(new Error().stack) ? promise : world.outside.promise(label, promise, limits);
        },
    );
  }

  #addChannels(): void {
    const { MessagePort, BroadcastChannel } = workerThreads;
    const { MessageChannel } = workerThreads;
    const channel = isDispatcher(MessageChannel) ? MessageChannel : messageChannelDispatcher(MessageChannel);
    const broadcast = isDispatcher(BroadcastChannel) ? BroadcastChannel : broadcastChannelDispatcher(BroadcastChannel);
    for (const owner of [globalThis, workerThreads]) {
      this.patches.replace(owner, 'MessageChannel', channel);
      this.patches.replace(owner, 'BroadcastChannel', broadcast);
    }
    for (const prototype of [MessagePort.prototype, BroadcastChannel.prototype]) {
      this.#method(prototype, 'postMessage', () => (world) => world.channels.postMessage);
      this.#method(prototype, 'close', () => (world) => world.channels.close);
    }
    this.#method(workerThreads, 'receiveMessageOnPort', () => (world) => world.channels.receive);
  }

  /** Makes named imports of Node's modules follow, unless they do. */
  sync(): void {
    this.#imports.sync();
  }
}

/** Runs `original` for its errors, without the callback, then `virtual`. */
function checked(original: AnyFunction, virtual: AnyFunction, args: never[], self?: unknown): unknown {
  const done = args.at(-1) as unknown;
  original.apply(self, typeof done === 'function' ? args.slice(0, -1) : args);
  return virtual.apply(self, args);
}

function ownerOf(object: object, name: string): object | undefined {
  for (let owner: object | null = object; owner !== null; owner = Object.getPrototypeOf(owner) as object | null) {
    if (Object.hasOwn(owner, name)) return owner;
  }
  return undefined;
}

let controls: Controls | undefined;

/** The set of this process, made when it is first needed. */
export function allControls(): Controls {
  return (controls ??= new Controls());
}

/**
 * Puts dispatchers in place for good, so that functions which code under test captures when it is loaded are
 * controlled too. Must run before that code is loaded; `straddle/register` and the Vite plugin see to it. Where
 * another copy of this module has done so already, its dispatchers stay.
 */
export function installDispatchers(): void {
  const all = allControls();
  all.refresh();
  all.patches.keep();
  all.sync();
}
