import type { Sim } from '../../src/index.ts';
import { Errno } from './errno.ts';
import { Process, type Signal, type Status } from './process.ts';
import { Gone, Thread } from './thread.ts';

export interface OsOptions {
  /** Bytes that a pipe holds; default 65,536. */
  readonly pipeCapacity?: number;
}

/** A program: what its process runs. The number that it returns is its exit code; nothing is 0. */
export type Program = (thread: Thread) => Promise<number | void>;

/** The kernel: the process table, pids, signals. Programs reach it through the system calls of a `Thread`. */
export class Os {
  readonly sim: Sim;
  readonly pipeCapacity: number;
  /** The next number to try for a process, as `/proc/sys/kernel/ns_last_pid` sets it; numbers in use are skipped. */
  nextPid = 100;
  /** Whether a placement write fails. */
  placementFails = false;
  /** Process 1: adopts orphans and reaps them at once. */
  readonly init = new Process(1, 'init');
  readonly #table = new Map<number, Process>([[1, this.init]]);

  constructor(sim: Sim, { pipeCapacity = 65_536 }: OsOptions = {}) {
    this.sim = sim;
    this.pipeCapacity = pipeCapacity;
  }

  /** Starts a process of its own session without a program; the caller drives its first thread. */
  boot(name: string): Thread {
    const process = this.create(name, this.init);
    process.group = process.session = process.pid;
    return new Thread(this, process, name);
  }

  /** The process of this number, dead or alive, if it has not been reaped. */
  find(pid: number): Process | undefined {
    return this.#table.get(pid);
  }

  /** The members of a group, zombies included. */
  members(group: number): Process[] {
    return [...this.#table.values()].filter((one) => one.group === group && one !== this.init);
  }

  /** Everybody but init that is alive. */
  get alive(): Process[] {
    return [...this.#table.values()].filter((one) => one.isAlive && one !== this.init);
  }

  /** Kills everybody, so that a test can end. */
  halt(): void {
    for (const process of this.alive) this.terminate(process, { code: null, signal: 'SIGKILL' });
  }

  create(name: string, parent: Process): Process {
    const process = new Process(this.#freePid(), name, parent);
    parent.descriptors.copyTo(process.descriptors);
    for (const [signal, disposition] of parent.dispositions) process.dispositions.set(signal, disposition);
    for (const signal of parent.blocked) process.blocked.add(signal);
    this.#table.set(process.pid, process);
    return process;
  }

  /** Runs a program as a task. */
  run(process: Process, program: Program): void {
    void this.thread(process, process.name, async (thread) => {
      const code = (await program(thread)) ?? 0;
      if (process.isAlive) this.terminate(process, { code, signal: null });
    });
  }

  /** Runs one more thread of a process as a task; it ends when its process does. */
  thread(process: Process, name: string, body: (thread: Thread) => Promise<unknown>): Promise<void> {
    return this.sim.spawn(name, () => this.drive(new Thread(this, process, name), body));
  }

  /** Runs a thread as part of the calling task. */
  async drive(thread: Thread, body: (thread: Thread) => Promise<unknown>): Promise<void> {
    try {
      if (thread.process.isAlive) await body(thread);
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    }
  }

  /** Sends a signal to a process (`target` > 0), the sender's group (0) or another one (< −1); 0 only probes. */
  kill(sender: Process, target: number, signal: Signal | 0): void {
    if (target === -1) throw new Errno('EPERM', 'kill(-1)');
    const one = this.find(target);
    const all = target > 0 ? (one === undefined ? [] : [one]) : this.members(target === 0 ? sender.group : -target);
    if (all.length === 0) throw new Errno('ESRCH', `kill(${target})`);
    if (signal !== 0) for (const process of all) this.deliver(process, signal);
  }

  deliver(process: Process, signal: Signal): void {
    if (!process.isAlive) return;
    if (signal !== 'SIGKILL' && process.blocked.has(signal)) {
      process.pending.add(signal);
      return;
    }
    const disposition = process.dispositions.get(signal) ?? 'default';
    if (signal !== 'SIGKILL' && disposition === 'ignore') return;
    process.received.push(signal);
    if (signal === 'SIGKILL' || disposition === 'default') {
      if (signal !== 'SIGCHLD') this.terminate(process, { code: null, signal });
      return;
    }
    if (disposition === 'ignore') return;
    if (disposition.once === true) process.dispositions.set(signal, 'default');
    disposition.run(signal);
    if (disposition.restart !== true) process.interruptions++;
    process.changed.wake();
  }

  /** Ends a process: its descriptors are closed, its children adopted, its parent told. */
  terminate(process: Process, status: Status): void {
    process.state = 'zombie';
    process.status = status;
    process.descriptors.closeAll();
    for (const child of process.children) {
      child.parent = this.init;
      this.init.children.add(child);
      if (child.state === 'zombie') this.reap(child);
    }
    process.children.clear();
    process.changed.wake();
    const { parent } = process;
    // Nobody waits for it: init reaps at once, and so does the kernel for who ignores SIGCHLD.
    if (parent === this.init || parent.dispositions.get('SIGCHLD') === 'ignore') this.reap(process);
    else this.deliver(parent, 'SIGCHLD');
    parent.changed.wake();
  }

  /** Takes a zombie out of the table: its number is free unless a group or a session is still called so. */
  reap(process: Process): void {
    process.state = 'reaped';
    process.parent.children.delete(process);
    this.#table.delete(process.pid);
  }

  #freePid(): number {
    const taken = new Set([...this.#table.values()].flatMap(({ pid, group, session }) => [pid, group, session]));
    while (taken.has(this.nextPid)) this.nextPid++;
    return this.nextPid++;
  }
}
