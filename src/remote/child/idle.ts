import { createHook } from 'node:async_hooks';

/** Timers of at most this many milliseconds are waited for; longer ones are time-outs and heartbeats. */
const LONGEST_WAIT_MS = 1_000;
/** The loop is looked at in every turn for so long, then every millisecond. */
const SPIN_MS = 2;

/** Handles live long and say nothing about work. Everything else that keeps the loop alive is a request under way. */
const HANDLES =
  /^(Pipe|PipeServer|TCPSocket|TCPServer|TTY|UDP|TLS|Process|Signal|FSEvent|StatWatcher|MessagePort|Worker|Timeout)/;

interface Timer {
  readonly _idleTimeout: number;
  readonly _repeat: number | null;
  readonly _destroyed: boolean;
}

/**
 * Tells when the code of this process has come to rest: no microtask, no immediate, no request to the system and no
 * short timer is left. What waits for a socket or a long timer cannot be told from what waits for somebody here.
 */
export class Idle {
  readonly #timers = new Set<Timer>();
  readonly #hook = createHook({
    init: (_id, type, _trigger, resource) => {
      if (type === 'Timeout') this.#addTimer(resource as Timer);
    },
  });
  readonly #onIdle: () => void;
  #watching = false;
  #scheduled = false;
  #since = 0;
  #underWay = 0;
  /** The timer that is being armed is for a look of our own. */
  #isOurs = false;

  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  watch(): void {
    this.#watching = true;
    this.#hook.enable();
    this.stir();
  }

  stop(): void {
    this.#watching = false;
    this.#hook.disable();
    this.#timers.clear();
  }

  /** There is work until the promise settles, whatever the loop looks like. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    this.#underWay++;
    try {
      return await work;
    } finally {
      this.#underWay--;
    }
  }

  /** Something has been set going. */
  stir(): void {
    this.#since = performance.now();
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#look);
  }

  readonly #look = (): void => {
    this.#scheduled = false;
    if (!this.#watching) return;
    if (!this.#isBusy()) {
      this.#onIdle();
      return;
    }
    this.#scheduled = true;
    if (performance.now() - this.#since < SPIN_MS) setImmediate(this.#look);
    else {
      this.#isOurs = true;
      setTimeout(this.#look, 1);
      this.#isOurs = false;
    }
  };

  #isBusy(): boolean {
    if (this.#underWay > 0) return true;
    for (const timer of this.#timers) {
      if (timer._destroyed) this.#timers.delete(timer);
      else return true;
    }
    return process.getActiveResourcesInfo().some((kind) => !HANDLES.test(kind));
  }

  #addTimer(timer: Timer): void {
    if (!this.#isOurs && timer._repeat === null && timer._idleTimeout <= LONGEST_WAIT_MS) this.#timers.add(timer);
  }
}
