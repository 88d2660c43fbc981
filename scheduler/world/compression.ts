import { AsyncResource } from 'node:async_hooks';
import { hook, nativeModule, type NativeClass, type NativeFunction } from './native.ts';
import type { OutsideWork } from './outside.ts';

/** A native stream of `node:zlib`. */
interface Codec {
  onerror: NativeFunction;
}

interface State {
  readonly callback: NativeFunction;
  /** A write waits to be chosen. */
  isBusy: boolean;
  /** Closed meanwhile. */
  isClosing: boolean;
}

const KINDS = ['Zlib', 'BrotliEncoder', 'BrotliDecoder', 'ZstdCompress', 'ZstdDecompress'];

/** Every chunk that `node:zlib` would give to the thread pool is one operation, done when it is chosen. */
export function hookCompression(work: () => OutsideWork): void {
  const native = nativeModule('zlib');
  const states = new WeakMap<object, State>();
  for (const kind of KINDS) {
    const prototype = (native?.[kind] as NativeClass | undefined)?.prototype as
      Record<string, NativeFunction> | undefined;
    const { writeSync, close } = prototype ?? {};
    hook(prototype, 'init', (original) => {
      return function (this: unknown, ...args) {
        const callback = args.find((arg) => typeof arg === 'function') as NativeFunction | undefined;
        if (callback !== undefined) states.set(this as object, { callback, isBusy: false, isClosing: false });
        return original.apply(this, args);
      };
    });
    hook(prototype, 'write', (original) => {
      return function (this: unknown, ...args) {
        const codec = this as Codec;
        const state = states.get(codec);
        if (state === undefined || writeSync === undefined) return original.apply(this, args);
        const outside = work();
        const scope = new AsyncResource('straddle.zlib');
        const { current } = outside.host;
        state.isBusy = true;
        outside.complete('zlib', outside.nextOrder(), current, () => {
          state.isBusy = false;
          const done = state.isClosing || succeeds(codec, () => writeSync.apply(codec, args));
          if (state.isClosing) close?.call(codec);
          if (done) outside.host.within(scope, current, () => void state.callback.call(codec));
        });
        return undefined;
      };
    });
    hook(prototype, 'close', (original) => {
      return function (this: unknown, ...args) {
        const state = states.get(this as object);
        if (state?.isBusy !== true) return original.apply(this, args);
        state.isClosing = true;
        return undefined;
      };
    });
  }
}

/** Runs `write`, which tells of an error by calling back. */
function succeeds(codec: Codec, write: () => void): boolean {
  const { onerror } = codec;
  let failed = false;
  codec.onerror = (...args) => {
    failed = true;
    return onerror.apply(codec, args);
  };
  try {
    write();
  } finally {
    codec.onerror = onerror;
  }
  return !failed;
}
