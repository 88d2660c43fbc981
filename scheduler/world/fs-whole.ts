import { AsyncResource } from 'node:async_hooks';
import type { CopySyncOptions, PathLike } from 'node:fs';
import { fs } from './builtins.ts';
import type { AnyFunction } from './dispatch.ts';
import { outcomeOf } from './fs-outcome.ts';
import type { OutsideWork } from './outside.ts';

/** The effects of one call, one operation each; the last one returns what the call answers. */
type Effects = readonly Effect[];

interface Effect {
  /** Added to the name of the call. */
  readonly name: string;
  run(state: State): unknown;
}

interface State {
  fd: number;
}

/** The effects of a plain call, or `undefined` where Node's own function must do it. */
export type Plan = (args: readonly unknown[]) => Effects | undefined;

interface WriteOptions {
  readonly encoding?: BufferEncoding | null;
  readonly mode?: number | string;
  readonly flag?: string;
  readonly flush?: boolean;
}

const READING = new Set(['encoding', 'flag']);
const WRITING = new Set(['encoding', 'mode', 'flag', 'flush']);
// Code under test may replace them.
const {
  closeSync,
  cpSync,
  fsyncSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} = fs;
const { realpathSync } = fs;

/**
 * Functions of `node:fs` that Node builds from several native calls, in other ways in each of its versions: here
 * they are the same operations everywhere. Reading is one effect. Writing opens the file, which empties it, and
 * then writes, so that others may find it empty.
 */
export const WHOLE_CALLS: Readonly<Record<'callback' | 'promise', Readonly<Record<string, Plan>>>> = {
  callback: {
    readFile: planReading,
    writeFile: planWriting('w'),
    appendFile: planWriting('a'),
    truncate: planTruncating,
    rm: planRemoving,
    readdir: planListing,
    realpath: ([path, options, ...rest]) =>
      rest.length === 0 && isPath(path) ? once(() => realpathSync(path, options as BufferEncoding)) : undefined,
    cp: planCopying,
  },
  promise: {
    readFile: planReading,
    writeFile: planWriting('w'),
    appendFile: planWriting('a'),
    truncate: planTruncating,
    rm: planRemoving,
    readdir: planListing,
    cp: planCopying,
  },
};

/** The functions of one execution's world. */
export class WholeFiles {
  readonly #work: OutsideWork;

  constructor(work: OutsideWork) {
    this.#work = work;
  }

  withCallback(name: string, original: AnyFunction, plan: Plan): AnyFunction {
    return (...args: unknown[]) => {
      const callback = args.at(-1);
      const effects = typeof callback === 'function' ? plan(args.slice(0, -1)) : undefined;
      if (effects === undefined) return original.apply(fs, args as never[]);
      const scope = new AsyncResource('straddle.fs');
      this.#run(`fs.${name}`, effects, (error, value) => {
        const result = error !== undefined ? [error] : value === undefined ? [null] : [null, value];
        const { host } = this.#work;
        host.within(scope, host.current, () => void (callback as AnyFunction)(...(result as never[])));
      });
      return undefined;
    };
  }

  promised(name: string, original: AnyFunction, plan: Plan): AnyFunction {
    return (...args: unknown[]) => {
      const effects = plan(args);
      if (effects === undefined) return original.apply(fs.promises, args as never[]);
      return new Promise((resolve, reject) => {
        this.#run(`fs.${name}`, effects, (error, value) => {
          if (error !== undefined) reject(error as Error);
          else resolve(value);
        });
      });
    };
  }

  #run(label: string, effects: Effects, done: (error: unknown, value: unknown) => void): void {
    const work = this.#work;
    const state: State = { fd: -1 };
    const close = (): void => closeQuietly(state);
    work.atEnd.add(close);
    const next = (at: number): void => {
      const effect = effects[at]!;
      work.call(label + effect.name, (order, task) => {
        const outcome = outcomeOf(() => effect.run(state)) as { error?: unknown; value?: unknown };
        if (outcome.error === undefined && at + 1 < effects.length) next(at + 1);
        else {
          close();
          work.atEnd.delete(close);
          work.complete(`${label} done`, order, task, () => done(outcome.error, outcome.value));
        }
      });
    };
    next(0);
  }
}

function once(run: () => unknown): Effects {
  return [{ name: '', run }];
}

function planReading([path, options, ...rest]: readonly unknown[]): Effects | undefined {
  const read = optionsOf(options, READING) as { encoding?: BufferEncoding; flag?: string } | undefined;
  if (rest.length > 0 || read === undefined || !isPlainPath(path)) return undefined;
  return once(() => readFileSync(path, read));
}

function planWriting(flag: string): Plan {
  return ([path, data, options, ...rest]) => {
    const write = optionsOf(options, WRITING) as WriteOptions | undefined;
    if (rest.length > 0 || write === undefined || !isPlainPath(path)) return undefined;
    if (typeof data !== 'string' && !ArrayBuffer.isView(data)) return undefined;
    const encoding = write.encoding ?? null;
    return [
      { name: '', run: (state) => void (state.fd = openSync(path, write.flag ?? flag, write.mode ?? 0o666)) },
      {
        name: ' write',
        run: (state) => {
          writeFileSync(state.fd, data as string, { encoding });
          if (write.flush === true) fsyncSync(state.fd);
          const { fd } = state;
          state.fd = -1;
          closeSync(fd);
        },
      },
    ];
  };
}

function planTruncating([path, length, ...rest]: readonly unknown[]): Effects | undefined {
  const isLength = length === undefined || length === null || Number.isInteger(length);
  if (rest.length > 0 || !isLength || !isPlainPath(path)) return undefined;
  return once(() => truncateSync(path, length as number | undefined));
}

function planRemoving([path, options, ...rest]: readonly unknown[]): Effects | undefined {
  if (rest.length > 0 || !isPath(path) || !isPlainObject(options)) return undefined;
  return once(() => rmSync(path, options));
}

/** Into subfolders only; one folder is one native call. */
function planListing([path, options, ...rest]: readonly unknown[]): Effects | undefined {
  const isRecursive = isPlainObject(options) && (options as { recursive?: unknown } | undefined)?.recursive === true;
  return rest.length === 0 && isRecursive && isPath(path) ? once(() => readdirSync(path, options)) : undefined;
}

function planCopying([from, to, options, ...rest]: readonly unknown[]): Effects | undefined {
  // A filter may be asynchronous.
  if (rest.length > 0 || !isPlainObject(options) || 'filter' in (options ?? {})) return undefined;
  if (!isPath(from) || !isPath(to) || Buffer.isBuffer(from) || Buffer.isBuffer(to)) return undefined;
  return once(() => cpSync(from, to, options as CopySyncOptions));
}

function isPath(path: unknown): path is PathLike {
  return typeof path === 'string' || Buffer.isBuffer(path) || path instanceof URL;
}

/** A path that stands for a file, or for nothing yet; a pipe may keep the thread waiting for ever. */
function isPlainPath(path: unknown): path is PathLike {
  if (!isPath(path)) return false;
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined || stats.isFile() || stats.isDirectory();
  } catch {
    return false;
  }
}

function isPlainObject(options: unknown): options is object | undefined {
  return options === undefined || (typeof options === 'object' && options !== null);
}

/** The options as an object, if they are of the known kinds. */
function optionsOf(options: unknown, known: ReadonlySet<string>): object | undefined {
  if (options === undefined || options === null) return {};
  if (typeof options === 'string') return Buffer.isEncoding(options) ? { encoding: options } : undefined;
  if (typeof options !== 'object' || !Object.keys(options).every((name) => known.has(name))) return undefined;
  const { encoding } = options as { encoding?: unknown };
  return encoding === undefined || encoding === null || Buffer.isEncoding(encoding as string) ? options : undefined;
}

function closeQuietly(state: State): void {
  if (state.fd < 0) return;
  try {
    closeSync(state.fd);
  } catch {
    // The error that led here is the one that counts.
  }
  state.fd = -1;
}
