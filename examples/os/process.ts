import { Descriptors } from './descriptors.ts';
import { Waiters } from './waiters.ts';

export type Signal = 'SIGCHLD' | 'SIGHUP' | 'SIGINT' | 'SIGKILL' | 'SIGPIPE' | 'SIGTERM' | 'SIGUSR1';

/** A handler runs at once, as an interruption of whatever its process does; then blocked calls fail with EINTR. */
export interface Handler {
  readonly run: (signal: Signal) => void;
  /** Back to the default action before the first delivery (SA_RESETHAND). */
  readonly once?: boolean;
  /** Blocked calls go on instead (SA_RESTART). */
  readonly restart?: boolean;
}

export type Disposition = 'default' | 'ignore' | Handler;

/** How a process ended: a code, or the signal that killed it. */
export interface Status {
  readonly code: number | null;
  readonly signal: Signal | null;
}

/** What the kernel knows of a process. Only the kernel writes here. */
export class Process {
  readonly pid: number;
  readonly name: string;
  parent: Process;
  group: number;
  session: number;
  state: 'running' | 'zombie' | 'reaped' = 'running';
  status: Status | undefined;
  readonly children = new Set<Process>();
  readonly descriptors = new Descriptors();
  readonly dispositions = new Map<Signal, Disposition>();
  readonly blocked = new Set<Signal>();
  readonly pending = new Set<Signal>();
  /** Signals that it got while it ran, in order. */
  readonly received: Signal[] = [];
  /** Where a task manager has placed it. */
  placed = false;
  /** How often it has called exec. */
  execs = 0;
  /** Handlers that make blocked calls fail with EINTR. */
  interruptions = 0;
  /** It died, was interrupted, or one of its children ended. */
  readonly changed = new Waiters();

  constructor(pid: number, name: string, parent?: Process) {
    this.pid = pid;
    this.name = name;
    this.parent = parent ?? this;
    this.group = parent?.group ?? pid;
    this.session = parent?.session ?? pid;
    parent?.children.add(this);
  }

  get isAlive(): boolean {
    return this.state === 'running';
  }
}
