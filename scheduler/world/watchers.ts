import fs from 'node:fs';
import type { TimerOp } from '../op.ts';
import type { Task } from '../task.ts';
import { Channel } from './channel.ts';
import { cross, type Call } from './crossing.ts';
import { outcomeOf } from './fs-outcome.ts';
import { TWINS } from './fs-twins.ts';
import { hidden, hook, nativeModule, nativePrototype, type NativeClass } from './native.ts';
import type { OutsideWork } from './outside.ts';

const { unwatchFile } = fs;
const stat = TWINS['stat']! as (path: string, bigint: boolean) => BigInt64Array | Float64Array;
/** Fields of one file's stats. */
const FIELDS = 18;

/** `fs.watch`: what the system tells about a file or a folder, after the step that has changed it. */
class FileWatch extends Channel {
  declare readonly handle: { close(): void };

  get followsSteps(): boolean {
    return true;
  }

  expects(): boolean {
    return false;
  }

  /** Somebody else may change it, but nobody waits for that. */
  patienceMs(): number {
    return 0;
  }

  cross(_callback: string, call: Call, args: readonly unknown[]): void {
    this.arrived('fs.watch', () => {
      if (this.isOpen) call(...args);
    });
  }

  protected close(): void {
    const owner = hidden(this.handle, 'owner_symbol') as { close?(): void } | undefined;
    if (owner?.close !== undefined) owner.close();
    else this.handle.close();
  }
}

interface StatHandle {
  onchange(status: number, stats: BigInt64Array | Float64Array): void;
  close(): void;
  unref(): void;
  ref(): void;
}

/** What a look at a file has shown: its stats, or an error number with zeros. */
interface Look {
  readonly status: number;
  readonly stats: BigInt64Array | Float64Array;
}

/** `fs.watchFile`: a look at the file in every interval of virtual time. */
class FilePoll {
  readonly #work: OutsideWork;
  readonly #handle: StatHandle;
  readonly #path: string;
  readonly #ms: number;
  readonly #bigint: boolean;
  #last: Look | undefined;
  #timer: TimerOp | undefined;
  #isWeak = false;
  #isClosed = false;

  constructor(work: OutsideWork, handle: StatHandle, path: string, ms: number) {
    this.#work = work;
    this.#handle = handle;
    this.#path = path;
    this.#ms = ms;
    this.#bigint = hidden(hidden(handle, 'owner_symbol') as object, 'kUseBigint') === true;
    work.atEnd.add(this.#end);
    work.call('fs.watchFile', () => this.#look());
  }

  /** Node keeps one watcher for a path. */
  readonly #end = (): void => unwatchFile(this.#path);

  #look(task?: Task): void {
    if (this.#isClosed) return;
    const before = this.#last;
    const now = (this.#last = this.#see());
    this.#timer = this.#work.host.arm('timer', 'fs.watchFile', this.#ms, () => this.#look(this.#timer!.task), task);
    this.#work.host.weaken(this.#timer, this.#isWeak);
    // A file that is not there is told of at once.
    const isNews = before === undefined ? now.status < 0 : differ(before, now);
    if (isNews) this.#handle.onchange(now.status, joined(now.stats, (before ?? now).stats));
  }

  #see(): Look {
    const outcome = outcomeOf(() => stat(this.#path, this.#bigint)) as { value?: Look['stats']; error?: unknown };
    if (outcome.value !== undefined) return { status: 0, stats: outcome.value };
    const { errno } = outcome.error as NodeJS.ErrnoException;
    return { status: errno ?? -1, stats: this.#bigint ? new BigInt64Array(FIELDS) : new Float64Array(FIELDS) };
  }

  weaken(weak: boolean): void {
    this.#isWeak = weak;
    if (this.#timer !== undefined) this.#work.host.weaken(this.#timer, weak);
  }

  close(): void {
    this.#isClosed = true;
    this.#work.atEnd.delete(this.#end);
    if (this.#timer !== undefined) this.#work.host.disarm(this.#timer);
  }
}

function differ(before: Look, now: Look): boolean {
  return before.status !== now.status || now.stats.some((value, i) => value !== before.stats[i] && i !== ACCESSED);
}

/** Seconds of the last access; libuv does not look at them either. */
const ACCESSED = 10;

function joined(now: Look['stats'], before: Look['stats']): Look['stats'] {
  return now instanceof BigInt64Array
    ? BigInt64Array.from([...now, ...(before as BigInt64Array)])
    : Float64Array.from([...now, ...(before as Float64Array)]);
}

/** Sees whoever watches files. */
export function hookWatchers(work: () => OutsideWork): void {
  hook(nativePrototype('fs_event_wrap', 'FSEvent'), 'start', (original) => {
    return function (this: unknown, ...args) {
      const error = original.apply(this, args);
      if (error === 0) {
        new FileWatch(work(), this as object, 'fs.watch');
        cross(this as object, 'onchange');
      }
      return error;
    };
  });
  const StatWatcher = nativeModule('fs')?.['StatWatcher'] as NativeClass | undefined;
  hook(StatWatcher?.prototype, 'start', () => {
    return function (this: unknown, path, ms) {
      const handle = this as StatHandle;
      const poll = new FilePoll(work(), handle, path as string, ms as number);
      const { close, ref, unref } = handle;
      Object.assign(handle, {
        close: () => (poll.close(), close.call(handle)),
        ref: () => (poll.weaken(false), ref.call(handle)),
        unref: () => (poll.weaken(true), unref.call(handle)),
      });
      return 0;
    };
  });
}
