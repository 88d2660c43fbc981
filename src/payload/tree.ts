import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { StraddleError } from '../../scheduler/error.ts';
import { Capture, type StreamName } from './capture.ts';
import { atDeadline, checkPhase } from './clock.ts';
import type { Limits } from './limits.ts';
import { killSurvivors, killTree, type ProcessGroup } from './process-group.ts';

/** How a program ended and what it wrote. */
export interface Output {
  /** -1 if a signal ended it. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | null;
  /** Its time was up before its exit was seen, so it was killed. */
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
  /** The streams that exceeded the cap of 16 MiB and were cut there. */
  readonly truncated: readonly StreamName[];
  /** The streams that a process outside the killed group still held open when reading was given up. */
  readonly heldOpen: readonly StreamName[];
}

/**
 * A running program with all that it starts: watched and drained from its first moment, killed as a whole. When the
 * program itself (the leader) exits, what is left of its group is killed at once; it would hold the streams open.
 */
export class Tree {
  readonly payload: string;
  readonly pid: number;
  /** Resolves when the leader is gone and its streams are over. Rejects if they could not be read, or it not killed. */
  readonly ended: Promise<Output>;
  readonly #child: ChildProcess;
  readonly #group: ProcessGroup;
  readonly #limits: Limits;
  readonly #captures: readonly [stdout: Capture, stderr: Capture];
  readonly #exit: Promise<void>;
  #giveUp!: (cause: StraddleError) => void;
  #exited = false;
  #killed = false;
  #timeout: number | undefined;

  /** Takes a child process that has started, in the very tick of its `spawn` event. */
  constructor(child: ChildProcess, payload: string, group: ProcessGroup, limits: Limits) {
    this.payload = payload;
    this.pid = child.pid!;
    this.#child = child;
    this.#group = group;
    this.#limits = limits;
    const capture = (stream: Readable, name: StreamName): Capture =>
      new Capture(stream, name, payload, limits.captureBytes);
    this.#captures = [capture(child.stdout!, 'stdout'), capture(child.stderr!, 'stderr')];
    this.#exit = new Promise((resolve, reject) => {
      this.#giveUp = reject;
      child.once('exit', () => {
        this.#exited = true;
        // At once: every turn that passes brings the reuse of the number nearer.
        killSurvivors(this.pid, group);
        resolve();
      });
    });
    this.ended = this.#watch();
    // Whoever waits gets the error; a tree that nobody waits for must not bring the process down.
    this.ended.catch(() => undefined);
  }

  /** The leader's exit was seen. */
  get exited(): boolean {
    return this.#exited;
  }

  /** Kills the whole tree. Does nothing once the leader is gone. `ended` tells when it is over. */
  async kill(): Promise<void> {
    await checkPhase();
    this.killNow();
  }

  /** The same without a turn of the event loop, for the end of the process. */
  killNow(): void {
    if (this.#exited) return;
    killTree(this.pid, this.#group);
    if (this.#killed) return;
    this.#killed = true;
    const { killMs } = this.#limits;
    const callOff = atDeadline(killMs, () => {
      this.#child.unref();
      this.#cut();
      this.#giveUp(new StraddleError('payload-unkillable', this.#told(`still alive ${killMs} ms after SIGKILL`)));
    });
    this.#child.once('exit', callOff);
  }

  /** Kills the tree as timed out unless the leader exits within `ms` milliseconds. Returns the call-off. */
  killAfter(ms: number): () => void {
    return atDeadline(ms, () => void this.#expire(ms));
  }

  async #expire(ms: number): Promise<void> {
    // One more look: an exit that lies in the queue already came before the deadline.
    await checkPhase();
    if (this.#exited) return;
    this.#timeout = ms;
    this.killNow();
  }

  async #watch(): Promise<Output> {
    const drained = Promise.all(this.#captures.map((capture) => capture.closed));
    // A program whose output nobody reads any more would block on its full pipe.
    drained.catch(() => this.kill());
    await this.#exit;
    const callOff = atDeadline(this.#limits.drainMs, () => {
      this.#cut();
    });
    try {
      await drained;
    } catch (cause) {
      this.#cut();
      throw new StraddleError('payload-output', this.#told('its output could not be read'), { cause });
    } finally {
      callOff();
    }
    return this.#output();
  }

  #cut(): void {
    for (const capture of this.#captures) capture.cut();
  }

  #output(): Output {
    const [stdout, stderr] = this.#captures;
    const named = (has: (capture: Capture) => boolean): StreamName[] => [
      ...(has(stdout) ? (['stdout'] as const) : []),
      ...(has(stderr) ? (['stderr'] as const) : []),
    ];
    return {
      exitCode: this.#child.exitCode ?? -1,
      signal: this.#child.signalCode,
      timedOut: this.#timeout !== undefined,
      stdout: stdout.text(),
      stderr: stderr.text(),
      truncated: named((capture) => capture.truncated),
      heldOpen: named((capture) => capture.heldOpen),
    };
  }

  #told(what: string): string {
    const when = this.#timeout === undefined ? '' : ` after its time-out of ${this.#timeout} ms`;
    return `payload '${this.payload}' (process ${this.pid})${when}: ${what}.`;
  }
}
