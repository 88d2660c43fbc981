import { point } from '../../scheduler/point.ts';
import { Errno, isErrno } from './errno.ts';
import type { Os, Program } from './os.ts';
import { Pipe, type PipeEnd } from './pipe.ts';
import type { Disposition, Process, Signal, Status } from './process.ts';
import { Waiters } from './waiters.ts';

/** Unwinds a thread whose process has ended. */
export class Gone extends Error {}

/** An identity: it never comes to mean another process (a pidfd). */
export interface PidHandle {
  readonly process: Process;
}

/**
 * A thread of a process, and its system calls. Each is one scheduling point, `thread:call`, and then takes effect
 * at once; one that blocks has a second, `thread:call wakes`. A thread whose process has ended gets no further.
 */
export class Thread {
  readonly os: Os;
  readonly process: Process;
  readonly name: string;

  constructor(os: Os, process: Process, name: string) {
    this.os = os;
    this.process = process;
    this.name = name;
  }

  get pid(): number {
    return this.process.pid;
  }

  /** A point of the program itself, between two system calls. */
  at(place: string): Promise<void> {
    return this.#call(place, () => undefined);
  }

  /** A call that never blocks. What it does comes in the same step as the point, with nothing in between. */
  async #call<T>(call: string, effect: (process: Process) => T): Promise<T> {
    await point(`${this.name}:${call}`);
    const { process } = this;
    if (!process.isAlive) throw new Gone();
    const result = effect(process);
    // It may have been the end of itself.
    if (!process.isAlive) throw new Gone();
    return result;
  }

  /**
   * A call that blocks: `attempt` is made again whenever one of the queues is woken, until it returns something.
   * @throws Errno EINTR if a handler ran meanwhile that does not restart calls.
   */
  async #blocking<T>(call: string, prepare: () => { queue: Waiters; attempt: () => T | undefined }): Promise<T> {
    const { process } = this;
    const { interruptions } = process;
    let prepared: { queue: Waiters; attempt: () => T | undefined } | undefined;
    // In one step: who has failed and does not wait yet would miss what happens next.
    const attemptOrWait = (): { value: T } | { woken: Promise<void> } => {
      const { queue, attempt } = (prepared ??= prepare());
      const value = attempt();
      if (value !== undefined) return { value };
      if (process.interruptions > interruptions) throw new Errno('EINTR', call);
      const woken = new Promise<void>((resolve) => {
        queue.add(resolve);
        if (queue !== process.changed) process.changed.add(resolve);
      });
      return { woken };
    };
    let turn = await this.#call(call, attemptOrWait);
    while ('woken' in turn) {
      await turn.woken;
      turn = await this.#call(`${call} wakes`, attemptOrWait);
    }
    return turn.value;
  }

  // ------------------------------------------------------------------ processes

  fork(name: string, program: Program): Promise<number> {
    return this.#call('fork', (process) => {
      const child = this.os.create(name, process);
      this.os.run(child, program);
      return child.pid;
    });
  }

  /** Closes what is marked close-on-exec and resets handlers; pending signals and ignored ones stay. */
  exec(): Promise<void> {
    return this.#call('exec', ({ descriptors, dispositions }) => {
      this.process.execs++;
      descriptors.closeOnExec();
      for (const [signal, disposition] of dispositions) if (disposition !== 'ignore') dispositions.delete(signal);
    });
  }

  exit(code: number): Promise<never> {
    return this.#call('exit', (process) => this.os.terminate(process, { code, signal: null }) as never);
  }

  /**
   * Waits for a child to end and reaps it.
   * @throws Errno ECHILD (no such child, or it was reaped by itself), EINTR.
   */
  wait(pid: number): Promise<Status> {
    return this.#blocking('wait', () => {
      const child = this.#childOf(pid, 'wait');
      return {
        queue: this.process.changed,
        attempt: () => {
          if (child.isAlive) return undefined;
          if (child.state === 'reaped') throw new Errno('ECHILD', 'wait');
          this.os.reap(child);
          return child.status;
        },
      };
    });
  }

  /** Waits for a child to end without reaping it (waitid with WNOWAIT). */
  watch(pid: number): Promise<Status> {
    return this.#blocking('watch', () => {
      const child = this.#childOf(pid, 'watch');
      return { queue: this.process.changed, attempt: () => (child.isAlive ? undefined : child.status) };
    });
  }

  /** Reaps a child that has ended; undefined while it runs. */
  tryWait(pid: number): Promise<Status | undefined> {
    return this.#call('tryWait', () => {
      const child = this.#childOf(pid, 'tryWait');
      if (child.isAlive) return undefined;
      this.os.reap(child);
      return child.status;
    });
  }

  #childOf(pid: number, call: string): Process {
    const child = this.os.find(pid);
    if (child === undefined || child.parent !== this.process) throw new Errno('ECHILD', call);
    return child;
  }

  setpgid(): Promise<void> {
    return this.#call('setpgid', (process) => void (process.group = process.pid));
  }

  setsid(): Promise<void> {
    return this.#call('setsid', (process) => void (process.group = process.session = process.pid));
  }

  // ------------------------------------------------------------------ signals

  /** A negative number means a group. @throws Errno ESRCH. */
  kill(pid: number, signal: Signal | 0): Promise<void> {
    return this.#call('kill', (process) => this.os.kill(process, pid, signal));
  }

  pidHandle(pid: number): Promise<PidHandle> {
    return this.#call('pidHandle', () => {
      const process = this.os.find(pid);
      if (process === undefined) throw new Errno('ESRCH', 'pidHandle');
      return { process };
    });
  }

  /** @throws Errno ESRCH once it was reaped, whoever has its number now. */
  killHandle({ process }: PidHandle, signal: Signal): Promise<void> {
    return this.#call('killHandle', () => {
      if (process.state === 'reaped') throw new Errno('ESRCH', 'killHandle');
      this.os.deliver(process, signal);
    });
  }

  /** Returns what it was before. */
  sigaction(signal: Signal, disposition: Disposition): Promise<Disposition> {
    return this.#call('sigaction', ({ dispositions }) => {
      const before = dispositions.get(signal) ?? 'default';
      dispositions.set(signal, disposition);
      return before;
    });
  }

  block(signal: Signal): Promise<void> {
    return this.#call('block', ({ blocked }) => void blocked.add(signal));
  }

  unblock(signal: Signal): Promise<void> {
    return this.#call('unblock', (process) => {
      process.blocked.delete(signal);
      if (process.pending.delete(signal)) this.os.deliver(process, signal);
    });
  }

  /** Sleeps until a handler runs. */
  async pause(): Promise<void> {
    try {
      await this.#blocking('pause', () => ({ queue: this.process.changed, attempt: () => undefined }));
    } catch (error) {
      if (!isErrno(error, 'EINTR')) throw error;
    }
  }

  // ------------------------------------------------------------------ time

  sleep(ms: number): Promise<true> {
    return this.#blocking('sleep', () => {
      const timer = this.#timer(ms);
      return { queue: timer.queue, attempt: () => timer.isOver() || undefined };
    });
  }

  /** Whoever dies does not wake up again. */
  #timer(ms: number): { queue: Waiters; isOver: () => boolean; clear: () => void } {
    const { process } = this;
    const queue = new Waiters();
    if (ms <= 0) return { queue, isOver: () => true, clear: () => undefined };
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      queue.wake();
    }, ms);
    const clear = (): void => clearTimeout(timer);
    const look = (): void => (process.isAlive ? process.changed.add(look) : clear());
    process.changed.add(look);
    return { queue, isOver: () => over, clear };
  }

  // ------------------------------------------------------------------ descriptors

  /** The lowest free descriptors: the read end, then the write end. */
  pipe(closeOnExec = true): Promise<[read: number, write: number]> {
    return this.#call('pipe', ({ descriptors }) => {
      const pipe = new Pipe(this.os.pipeCapacity);
      const read = descriptors.add({ pipe, side: 'read' }, closeOnExec);
      return [read, descriptors.add({ pipe, side: 'write' }, closeOnExec)];
    });
  }

  dup(fd: number, closeOnExec = false): Promise<number> {
    return this.#call('dup', ({ descriptors }) => descriptors.add(descriptors.get(fd, 'dup').end, closeOnExec));
  }

  /** `to` becomes another name of what `fd` is. */
  dup2(fd: number, to: number): Promise<void> {
    return this.#call('dup2', ({ descriptors }) => descriptors.replace(to, descriptors.get(fd, 'dup2').end));
  }

  setCloseOnExec(fd: number): Promise<void> {
    return this.#call('setCloseOnExec', ({ descriptors }) => {
      descriptors.get(fd, 'fcntl').closeOnExec = true;
    });
  }

  close(fd: number): Promise<void> {
    return this.#call('close', ({ descriptors }) => descriptors.close(fd, 'close'));
  }

  /** At most `most` bytes; '' at the end: nothing is left and no write end is open anywhere. */
  read(fd: number, most = Infinity): Promise<string> {
    return this.#blocking('read', () => {
      const pipe = this.#end(fd, 'read');
      const attempt = (): string | undefined => (pipe.length > 0 || pipe.writers === 0 ? pipe.take(most) : undefined);
      return { queue: pipe.changed, attempt };
    });
  }

  /** All of it, in pieces as there is room. @throws Errno EPIPE when no read end is open, after SIGPIPE. */
  async write(fd: number, data: string): Promise<void> {
    await this.#blocking('write', () => {
      const pipe = this.#end(fd, 'write');
      let left = data;
      const attempt = (): true | undefined => {
        if (pipe.readers === 0) {
          this.os.deliver(this.process, 'SIGPIPE');
          throw this.process.isAlive ? new Errno('EPIPE', 'write') : new Gone();
        }
        left = left.slice(pipe.put(left));
        return left === '' ? true : undefined;
      };
      return { queue: pipe.changed, attempt };
    });
  }

  /** True when a read would not block, false after `ms`. @throws Errno EINTR. */
  poll(fd: number, ms: number): Promise<boolean> {
    return this.#blocking('poll', () => {
      const pipe = this.#end(fd, 'read');
      const timer = this.#timer(ms);
      timer.queue.add(() => pipe.changed.wake());
      const attempt = (): boolean | undefined => {
        if (pipe.length === 0 && pipe.writers > 0) return timer.isOver() ? false : undefined;
        timer.clear();
        return true;
      };
      return { queue: pipe.changed, attempt };
    });
  }

  #end(fd: number, side: PipeEnd['side']): Pipe {
    const { end } = this.process.descriptors.get(fd, side);
    if (end.side !== side) throw new Errno('EBADF', side);
    return end.pipe;
  }

  // ------------------------------------------------------------------ placement

  /** Writes a pid where a task manager reads it. @throws Errno EIO, ESRCH. */
  place(pid: number): Promise<void> {
    return this.#call('place', () => {
      const process = this.os.find(pid);
      if (this.os.placementFails) throw new Errno('EIO', 'place');
      if (process === undefined) throw new Errno('ESRCH', 'place');
      process.placed = true;
    });
  }
}
