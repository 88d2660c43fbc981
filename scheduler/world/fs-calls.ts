import { AsyncResource } from 'node:async_hooks';
import { fs } from './builtins.ts';
import { placeOfNow, stackOf } from '../sites.ts';
import type { Task } from '../task.ts';
import { targets } from './crossing.ts';
import { NO_TWIN, outcomeOf, type Outcome } from './fs-outcome.ts';
import { openTwin, PUBLIC_NAMES, TWINS } from './fs-twins.ts';
import { hook, nativeModule, type NativeClass, type NativeFunction } from './native.ts';
import type { OutsideWork } from './outside.ts';
import { BLOCKABLE, UNSURE } from './request.ts';

const { closeSync } = fs;

const queue = queueMicrotask;

/** Native functions that go to the thread pool in any case; a file handle is made by a twin of its own. */
const WITHOUT_TWIN = ['openFileHandle', 'statfs'];

/** Frames from the assignment of a request's callback out to the function of Node's that asks. */
const CALLER_DEPTH = 6;

/** The native handle under a `FileHandle`. */
interface NativeFileHandle {
  readonly fd: number;
  releaseFD(): void;
}

/**
 * Every asynchronous call of `node:fs`, whatever it was called through, is two operations: the call, in which
 * the effect takes place, and its completion.
 */
export class FileCalls {
  /** Requests that a hooked function has taken over. */
  readonly #taken = new WeakSet<object>();
  readonly #work: () => OutsideWork;
  readonly #promised: unknown;
  readonly #Request: NativeClass | undefined;
  readonly #Handle: NativeClass | undefined;

  constructor(work: () => OutsideWork) {
    this.#work = work;
    const native = nativeModule('fs');
    this.#promised = native?.['kUsePromises'];
    this.#Request = native?.['FSReqCallback'] as NativeClass | undefined;
    this.#Handle = native?.['FileHandle'] as NativeClass | undefined;
    for (const name of [...Object.keys(TWINS), ...WITHOUT_TWIN]) {
      hook(native, name, (original) => this.#asynchronous(name, original));
    }
    hook(this.#Handle?.prototype, 'close', (original) => this.#closing(original));
    for (const name of ['ReadFileJob', 'WriteFileJob', 'CpDirJob']) {
      hook((native?.[name] as NativeClass | undefined)?.prototype, 'run', (run) => this.#job(name, run));
    }
  }

  /** Whether a native object stands for a call of `node:fs`. */
  isRequest(object: object): boolean {
    return this.#Request !== undefined && object instanceof this.#Request;
  }

  /**
   * A request has got its callback. Unless a hooked function takes it, it goes to native code unseen, if it is a
   * folder's; or the call was refused.
   */
  requested(request: object): void {
    const task = this.#work().host.current;
    const place = placeOfNow(CALLER_DEPTH);
    queue(() => {
      if (this.#taken.has(request) || stackOf(place)?.includes('internal/fs/dir') === false) return;
      const work = this.#work();
      targets.set(request, work.request('fs.dir', work.nextOrder(), task));
    });
  }

  #asynchronous(name: string, original: NativeFunction): NativeFunction {
    const label = `fs.${PUBLIC_NAMES[name] ?? name}`;
    const twin = name === 'openFileHandle' ? (...args: unknown[]) => this.#openHandle(args) : TWINS[name];
    const isRequest = (arg: unknown): boolean => arg === this.#promised || this.isRequest(arg as object);
    const { start } = this;
    return function (this: unknown, ...args: unknown[]): unknown {
      const at = args.findIndex(isRequest);
      if (at < 0) return original.apply(this, args);
      // What comes after the request changes what the call does.
      const plain = at === args.length - 1 || args.slice(at + 1).every((arg) => arg === undefined || arg === true);
      const again = (): unknown => original.apply(this, args);
      return start(label, plain && twin ? () => twin(...(args.slice(0, at) as never[])) : undefined, args[at], again);
    };
  }

  #closing(original: NativeFunction): NativeFunction {
    const { start } = this;
    const promised = this.#promised;
    return function (this: unknown): unknown {
      const handle = this as NativeFileHandle;
      const twin = (): void => {
        const { fd } = handle;
        // From now on it is not its business, nor the garbage collector's.
        handle.releaseFD();
        closeSync(fd);
      };
      return start('fs.close', twin, promised, () => original.call(this));
    };
  }

  #openHandle(args: unknown[]): unknown {
    const fd = openTwin(...(args as Parameters<typeof openTwin>));
    return fd === NO_TWIN ? NO_TWIN : new this.#Handle!(fd as never);
  }

  /** A job reads or writes a whole file on the thread pool: its effect takes place when it is chosen. */
  #job(name: string, run: NativeFunction): NativeFunction {
    const label = name === 'ReadFileJob' ? 'fs.readFile' : name === 'WriteFileJob' ? 'fs.writeFile' : 'fs.cp';
    const work = this.#work;
    return function (this: unknown, ...args: unknown[]): undefined {
      work().call(label, (order, task) => {
        targets.set(this as object, work().request(`${label} done`, order, task, UNSURE));
        run.apply(this, args);
      });
      return undefined;
    };
  }

  /** The two operations of one call. `request` is a native request or stands for a promise. */
  readonly start = (
    label: string,
    twin: (() => unknown) | undefined,
    request: unknown,
    original: () => unknown,
  ): unknown => {
    const work = this.#work();
    const scope = new AsyncResource('straddle.fs');
    // A twin that is not used might block: it may be waiting for code of the execution.
    const limits = twin === undefined ? undefined : BLOCKABLE;
    if (request === this.#promised) {
      return new Promise((resolve, reject) => {
        const deliver = (outcome: Outcome): void => {
          if ('error' in outcome) reject(outcome.error as Error);
          else resolve(outcome.value);
        };
        const native = (order: number, task: Task): void => {
          const answer = work.request(`${label} done`, order, task, limits);
          (original() as Promise<unknown>).then(
            (value) => answer.answer(() => deliver({ value })),
            (error: unknown) => answer.answer(() => deliver({ error })),
          );
        };
        this.#call(work, label, twin, native, deliver);
      });
    }
    this.#taken.add(request as object);
    const { oncomplete } = request as { oncomplete: NativeFunction };
    const native = (order: number, task: Task): void => {
      targets.set(request as object, work.request(`${label} done`, order, task, limits));
      original();
    };
    this.#call(work, label, twin, native, (outcome, task) => {
      const args = 'error' in outcome ? [outcome.error] : outcome.value === undefined ? [null] : [null, outcome.value];
      work.host.within(scope, task, () => void oncomplete.apply(request, args));
    });
    return undefined;
  };

  #call(
    work: OutsideWork,
    label: string,
    twin: (() => unknown) | undefined,
    native: (order: number, task: Task) => void,
    deliver: (outcome: Outcome, task: Task) => void,
  ): void {
    const perform = (order: number, task: Task): void => {
      const outcome = twin === undefined ? NO_TWIN : outcomeOf(twin);
      if (outcome === NO_TWIN) native(order, task);
      else work.complete(`${label} done`, order, task, () => deliver(outcome, task));
    };
    // Or the process would run out of files, execution by execution.
    const close = label === 'fs.close' && twin !== undefined ? (): void => void outcomeOf(twin) : undefined;
    work.call(label, perform, close);
  }
}
