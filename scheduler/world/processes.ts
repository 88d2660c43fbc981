import { Channel } from './channel.ts';
import { cross, targets, type Call } from './crossing.ts';
import { hook, nativePrototype } from './native.ts';
import type { OutsideWork } from './outside.ts';
import { workOf } from './process-tree.ts';
import { Stream, type StreamHandle } from './streams.ts';

/** Milliseconds of waiting in silence after which a child process is taken for one that waits. */
const SILENCE_MS = 1_000;
/** The same once it has spoken, for there may be more to come, and where one has been silent for long before. */
const PAUSE_MS = 100;
/** What it is given when nothing else can run. */
const PATIENCE_MS = 3_000;
/** Of the time, what it spends on a processor if it is at work. */
const SHARE_AT_WORK = 0.1;
const SIGKILL = 9;

interface SpawnOptions {
  readonly file?: string;
  readonly stdio?: readonly { readonly type: string; readonly handle?: StreamHandle }[];
}

/** A child process: waited for until it ends, or falls silent. */
export class Process extends Channel {
  declare readonly handle: { readonly pid: number; kill(signal: number): number };
  #hasSpoken = false;
  /** When it was looked at last, in milliseconds of waiting, and what it had used of processors by then. */
  #lookedAt = this.work.waitedMs;
  #usedMs = 0;

  /** One of its pipes has brought something. */
  spoke(): void {
    super.touch();
    this.#hasSpoken = true;
  }

  override touch(): void {
    super.touch();
    this.#hasSpoken = false;
  }

  expects(at: number): boolean {
    if (!this.isOpen) return false;
    const { health } = this.work.host;
    const silence = at - this.lastActive;
    if (silence < (this.#hasSpoken || health.has('slow-outside') ? PAUSE_MS : SILENCE_MS)) return true;
    if (silence < SILENCE_MS && workOf(this.handle.pid).isBusy) return true;
    health.note('slow-outside', () => silent(this.name));
    return false;
  }

  patienceMs(): number {
    return this.isOpen ? PATIENCE_MS : 0;
  }

  isAtWork(): boolean {
    if (!this.isOpen) return false;
    const { isBusy, usedMs } = workOf(this.handle.pid);
    const { waitedMs } = this.work;
    const share = (usedMs - this.#usedMs) / Math.max(1, waitedMs - this.#lookedAt);
    this.#lookedAt = waitedMs;
    this.#usedMs = usedMs;
    return isBusy || share >= SHARE_AT_WORK;
  }

  cross(_callback: string, call: Call, args: readonly unknown[]): void {
    this.arrived('process exit', () => void call(...args));
    this.gone();
  }

  protected close(): void {
    this.handle.kill(SIGKILL);
  }
}

/** One object, or, in newer versions of Node, one argument each. */
function optionsOf(args: readonly unknown[]): SpawnOptions {
  const [first] = args;
  if (typeof first !== 'string') return first as SpawnOptions;
  const stdio = args.find(
    (arg) => Array.isArray(arg) && (arg[0] as { type?: unknown } | undefined)?.type !== undefined,
  );
  return { file: first, stdio: (stdio ?? []) as NonNullable<SpawnOptions['stdio']> };
}

export function hookProcesses(work: () => OutsideWork): void {
  const prototype = nativePrototype('process_wrap', 'Process');
  hook(prototype, 'spawn', (original) => {
    return function (this: unknown, ...args) {
      const error = original.apply(this, args);
      if (error !== 0) return error;
      const { file, stdio } = optionsOf(args);
      const child = new Process(work(), this as object, 'child');
      if (file !== undefined) child.name = `child process ${file}`;
      cross(this as object, 'onexit');
      for (const { type, handle } of stdio ?? []) {
        if ((type !== 'pipe' && type !== 'overlapped') || handle === undefined) continue;
        new Stream(work(), handle, 'child pipe').owner = child;
      }
      return error;
    };
  });
  hook(prototype, 'kill', (original) => {
    return function (this: unknown, ...args) {
      const child = targets.get(this as object);
      if (child instanceof Process) child.touch();
      return original.apply(this, args);
    };
  });
}

function silent(name: string): string {
  return (
    `The ${name} had not come to its end, so the execution went on: when it speaks again is not controlled, and a ` +
    'replay may differ. Let the child end, or answer at once.'
  );
}
