import { basename } from 'node:path';
import { StraddleError } from '../../../scheduler/error.ts';
import { runningExecution } from '../../../scheduler/running.ts';
import { atDeadline } from '../../payload/clock.ts';
import { STDERR_TAIL_BYTES } from '../../payload/limits.ts';
import { leave } from '../../payload/live.ts';
import { tail } from '../../payload/tail.ts';
import type { Output } from '../../payload/tree.ts';
import { STEER, type Reached } from '../steering.ts';
import { Cleanups } from '../cleanups.ts';
import { Connection } from '../connection.ts';
import { CONTRACT_VERSION, type Boot, type Contract, type Offer, type Services } from '../contract.ts';
import { launch, type Launched } from './launch.ts';
import type { Limits } from './limits.ts';
import { Part } from './part.ts';
import type { Exit, Lifecycle, Remote, RemoteBarriers, ServingService } from './remote.ts';

type Calls = Record<string, (...args: readonly unknown[]) => Promise<unknown>>;

/** How a child is started. */
export interface Start {
  readonly name: string;
  readonly url: URL;
  readonly barriers: boolean;
  readonly execArgv: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/** The parent's side of one child process: what has been acquired, who waits, and why it ended. */
export class RemoteChild implements Remote<Contract> {
  readonly name: string;
  readonly lifecycle: Lifecycle<unknown>;
  readonly serving: ServingService<undefined>;
  readonly barriers: RemoteBarriers;
  calls: Calls = {};
  readonly #start: Start;
  readonly #limits: Limits;
  readonly #cleanups = new Cleanups();
  #launched!: Launched;
  #connection!: Connection;
  /** The part taken in the latest execution. */
  #current: Part | undefined;
  /** The part in the execution that has started this child, if one has. */
  #owner: Part | undefined;
  /** What was asked and is not answered yet, by name. */
  readonly #pending = new Map<Promise<unknown>, string>();
  /** We have ended it: its exit is no surprise. */
  #ending = false;
  /** Somebody has been told why it ended. */
  #told = false;
  #disposing: Promise<void> | undefined;
  #graceful = false;

  constructor(start: Start, limits: Limits) {
    this.name = start.name;
    this.#start = start;
    this.#limits = limits;
    this.lifecycle = {
      bootstrap: (config) => this.#bootstrap(config),
      waitReady: (signal) => this.#ask('lifecycle/waitReady', [], signal),
      shutdown: () => this[Symbol.asyncDispose](),
    };
    this.serving = {
      pause: () => this.#ask('serving/pause', []),
      resume: () => this.#ask('serving/resume', []),
      state: () => this.#ask('serving/state', []) as Promise<undefined>,
    };
    this.barriers = {
      install: (name, key) => this.#ask('barriers/install', key === undefined ? [name] : [name, key]),
      waitHeld: (token, signal) => this.#ask('barriers/waitHeld', [token], signal),
      release: (token) => this.#ask('barriers/release', [token]),
      releaseAll: () => this.#ask('barriers/releaseAll', []),
    };
  }

  get pid(): number {
    return this.#launched.tree.pid;
  }

  get exited(): Promise<Exit> {
    this.#told = true;
    this.#launched.keep(true);
    const { ended } = this.#launched.tree;
    return this.#part()?.ask(`${this.name}.exited`, () => ended) ?? ended;
  }

  /** Starts process and server. On failure nothing is left of either. */
  async begin(config: unknown): Promise<this> {
    const { name, signal } = this.#start;
    try {
      if (signal?.aborted === true) throw aborted(name, signal);
      this.#owner = this.#part();
      await this.#outside('fork', () => this.#connect());
      this.#owner?.steer(this.#connection);
      const booted = this.#bootstrap(config);
      // In an execution it is the engine that tells when nothing goes on.
      await (this.#owner === undefined ? this.#bounded(booted) : booted);
      this.#cleanups.defer('server', () => this.#endServer());
      return this;
    } catch (error) {
      await this.#cleanups.run();
      throw error;
    }
  }

  async #connect(): Promise<void> {
    const { name, execArgv } = this.#start;
    const launched = (this.#launched = await launch(name, execArgv));
    this.#cleanups.defer('process', () => this.#outside('exit', () => this.#endProcess()));
    const connection = (this.#connection = new Connection(
      launched.socket,
      (error) => void this.#broken(error),
      (alive) => {
        launched.keep(alive);
      },
    ));
    this.#cleanups.defer('connection', () => {
      this.#loseQuietly();
    });
    connection.hear(STEER.settled, (seen: number, reached: readonly Reached[]) => {
      this.#current?.settled(seen, reached);
    });
    connection.listen();
    launched.keep(false);
    void launched.tree.ended.then(
      (output) => {
        if (this.#ending) this.#loseQuietly();
        else connection.lose(this.#died(output));
      },
      (error: unknown) => {
        connection.lose(error as Error);
      },
    );
  }

  /** The part that this child takes in the execution whose code runs now, if it is an exploration's. */
  #part(): Part | undefined {
    const execution = runningExecution();
    if (execution === undefined) {
      // Nobody steers any more whoever is asked now.
      this.#current?.leave();
      return undefined;
    }
    if (this.#current?.isOf(execution) !== true) {
      this.#current = new Part(execution, this.name, () => {
        this.#partEnded();
      });
      if (this.#connection !== undefined) this.#current.steer(this.#connection);
    }
    return this.#current;
  }

  /** Who was started by an execution does not outlive it. */
  #partEnded(): void {
    if (this.#owner === undefined || this.#disposing !== undefined) return;
    this.#loseQuietly();
    this.#disposing = this.#endProcess();
    this.#disposing.catch(() => undefined);
  }

  /** Does what must not be done in the middle of an execution's step. */
  #outside<Result>(name: string, job: () => Promise<Result>): Promise<Result> {
    const part = this.#part();
    return part === undefined ? job() : part.outside(`${this.name}.${name}`, job);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Whoever comes second waits too, but what went wrong is told once.
    if (this.#disposing !== undefined) return this.#disposing.catch(() => undefined);
    this.#disposing = this.#cleanups.run();
    await this.#disposing;
    if (this.#ending || this.#told) return;
    // It died on its own and nobody was waiting for it just then.
    throw this.#connection.cause!;
  }

  async #bootstrap(config: unknown): Promise<void> {
    const { url, barriers, name } = this.#start;
    const boot: Boot = { version: CONTRACT_VERSION, module: url.href, config, barriers };
    let offer: Offer;
    try {
      offer = await this.#ask('lifecycle/bootstrap', [boot]);
    } catch (error) {
      throw startError(name, error);
    }
    const calls: Calls = {};
    for (const call of offer.calls) {
      calls[call] = (...args) => this.#ask('calls/invoke', [call, ...args], undefined, `${name}.calls.${call}`);
    }
    this.calls = calls;
  }

  #ask<Method extends keyof Services>(
    method: Method,
    args: Readonly<Parameters<Services[Method]>>,
    signal?: AbortSignal,
    name: string = method,
  ): Promise<ReturnType<Services[Method]>> {
    const part = this.#part();
    const send = (): Promise<unknown> => this.#connection.call(method, args, signal, name);
    const answer = (part === undefined ? send() : part.ask(name, send)).catch((error: unknown) => {
      if (error === this.#connection.cause) this.#told = true;
      throw error;
    });
    this.#pending.set(answer, name);
    const settled = (): void => void this.#pending.delete(answer);
    answer.then(settled, settled);
    return answer as Promise<ReturnType<Services[Method]>>;
  }

  /** Our own end is no error of the calls that it cuts off: nobody has to handle their rejections. */
  #loseQuietly(): void {
    this.#ending ||= this.#connection.cause === undefined;
    for (const answer of this.#pending.keys()) answer.catch(() => undefined);
    this.#connection.lose(new StraddleError('shutdown', `remote child '${this.name}' was shut down.`));
  }

  /** Ends the start when its time is up or its signal comes. */
  async #bounded(work: Promise<void>): Promise<void> {
    const { name, signal } = this.#start;
    const { startMs } = this.#limits;
    let callOff!: () => void;
    let abort!: () => void;
    const ended = new Promise<never>((_, reject) => {
      abort = () => {
        reject(aborted(name, signal!));
      };
      callOff = atDeadline(startMs, () => {
        const why = 'its module, its setup or its start does not come to an end';
        reject(new StraddleError('remote-start', `remote child '${name}' did not start within ${startMs} ms: ${why}.`));
      });
    });
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
    try {
      await Promise.race([work, ended]);
    } finally {
      callOff();
      signal?.removeEventListener('abort', abort);
      work.catch(() => undefined);
    }
  }

  /** The graceful half of the end. */
  async #endServer(): Promise<void> {
    if (this.#connection.cause !== undefined) return;
    if (this.#part() !== undefined) {
      await this.#ask('lifecycle/shutdown', []);
      this.#graceful = true;
    } else await this.#endServerInTime();
  }

  async #endServerInTime(): Promise<void> {
    const { graceMs } = this.#limits;
    const others = this.#pending.size;
    let callOff!: () => void;
    const late = new Promise<'late'>((resolve) => {
      callOff = atDeadline(graceMs, () => {
        resolve('late');
      });
    });
    try {
      const ended = await Promise.race([this.#ask('lifecycle/shutdown', []), late]);
      if (ended === 'late') {
        const calls = [...this.#pending.values()].filter((name) => name !== 'lifecycle/shutdown');
        const underWay = calls.length === 0 ? '' : ` Not answered: ${calls.join(', ')}.`;
        // Before it sees that nobody listens any more, and ends by itself.
        this.#launched.tree.killNow();
        this.#loseQuietly();
        const what = `remote child '${this.name}' (process ${this.pid}) did not shut down within ${graceMs} ms`;
        throw new StraddleError('remote-hung', `${what}; it was killed.${underWay}`);
      }
      this.#graceful = true;
    } catch (error) {
      if (error !== this.#connection.cause || others === 0) throw error;
      // It died just now, and those who were waiting are told.
    } finally {
      callOff();
    }
  }

  /** The hard half: whatever is left of the process, its group included, is gone afterwards. */
  async #endProcess(): Promise<void> {
    const { tree, keep } = this.#launched;
    keep(true);
    let callOff: (() => void) | undefined;
    if (this.#graceful) callOff = atDeadline(this.#limits.graceMs, () => void tree.kill());
    else await tree.kill();
    try {
      await tree.ended;
    } finally {
      callOff?.();
      leave(tree);
    }
  }

  /** The socket is closed, or carries nonsense: finds out why and tells everybody who waits. */
  async #broken(error: Error | undefined): Promise<void> {
    const { tree, keep } = this.#launched;
    if (this.#ending && error === undefined) return;
    keep(true);
    const named = `remote child '${this.name}' (process ${this.pid})`;
    if (error !== undefined) {
      this.#connection.lose(new StraddleError('remote-protocol', `${named}: ${error.message}`, { cause: error }));
      await tree.kill();
      return;
    }
    const callOff = atDeadline(this.#limits.exitMs, () => {
      this.#connection.lose(new StraddleError('child-exited', `${named} closed its socket; it was killed.`));
      void tree.kill();
    });
    await tree.ended.catch(() => undefined);
    callOff();
    keep(false);
  }

  #died({ exitCode, signal, stderr }: Output): StraddleError {
    const how = signal === null ? `exited with code ${exitCode}` : `was ended by ${signal}`;
    const said = stderr.trimEnd();
    const quoted = said === '' ? '.' : `; stderr:\n${tail(said, STDERR_TAIL_BYTES)}`;
    return new StraddleError('child-exited', `remote child '${this.name}' (process ${this.pid}) ${how}${quoted}`);
  }
}

/** The name of a child that was given none. */
export function nameOf(url: URL): string {
  return basename(url.pathname);
}

function aborted(name: string, signal: AbortSignal): StraddleError {
  return new StraddleError('aborted', `The start of remote child '${name}' was aborted.`, { cause: signal.reason });
}

/** What went wrong at the start, as one sentence with the original as its cause. */
function startError(name: string, error: unknown): StraddleError {
  const known = error instanceof StraddleError;
  if (known && (error.kind === 'child-exited' || error.kind === 'shutdown' || error.kind === 'remote-argument')) {
    return error;
  }
  const why = error instanceof Error ? error.message : String(error);
  const kind = known && error.kind.startsWith('remote-') ? error.kind : 'remote-start';
  const cause = kind !== 'remote-start' && known ? (error.cause ?? error) : error;
  return new StraddleError(kind, `remote child '${name}' could not start: ${why}`, { cause });
}
