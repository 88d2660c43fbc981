import { originals } from './world/originals.ts';

/** Real milliseconds for what nobody can see, such as work of native code in threads. */
const GRACE_MS = 25;
/** What is alive in a process that waits for nothing; timers are looked after elsewhere. */
const IDLE = new Set(['Immediate', 'Timeout', 'TTYWrap', 'PipeWrap', 'MessagePort', 'TCPServerWrap']);

/**
 * What an execution has asked of the test runner that it runs in: a module to be loaded, a snapshot. The answer
 * comes over a channel that the engine does not see, and the next choice waits for it.
 */
export class HostWatch {
  /** An execution is under way, perhaps while the host has its turn. */
  isRunning = false;
  readonly #calls = new Set<object>();
  #idle = new Map<string, number>();
  /** Where the execution got stuck, and until when that is not believed. */
  #stuckAt = -1;
  #until = 0;

  /** Before an execution. */
  begin(): void {
    this.isRunning = true;
    this.#idle = census();
    this.#stuckAt = -1;
    this.#calls.clear();
  }

  /** After an execution. */
  end(): void {
    this.isRunning = false;
  }

  asked(answer: Promise<unknown>): void {
    const calls = this.#calls;
    calls.add(answer);
    const answered = (): void => void calls.delete(answer);
    answer.then(answered, answered);
  }

  /** An answer is outstanding. */
  get isAsking(): boolean {
    return this.#calls.size > 0;
  }

  /**
   * Nothing can run. True while something is alive outside that was not when the execution began (the runner's own
   * time-out says how long that is waited for), and for a moment in any case.
   */
  mayAnswer(steps: number): boolean {
    for (const [kind, count] of census()) {
      if (!IDLE.has(kind) && count > (this.#idle.get(kind) ?? 0)) return true;
    }
    if (this.#stuckAt !== steps) {
      this.#stuckAt = steps;
      this.#until = originals.now() + GRACE_MS;
    }
    return originals.now() < this.#until;
  }
}

function census(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}
