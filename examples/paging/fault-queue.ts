interface Fault {
  readonly page: number;
  readonly served: Promise<void>;
  readonly settle: (error?: unknown) => void;
}

/** Faults that wait for a worker. They outlive the serve loop: who faults while it is paused is served after that. */
export class FaultQueue {
  readonly #pending = new Map<number, Fault>();
  readonly #waiting: Fault[] = [];
  readonly #idle: ((fault: Fault | undefined) => void)[] = [];
  raised = 0;

  /** Resolves when the page was served. A page that several touch is one fault. */
  raise(page: number): Promise<void> {
    const known = this.#pending.get(page);
    if (known !== undefined) return known.served;
    this.raised++;
    let settle!: (error?: unknown) => void;
    const served = new Promise<void>((resolve, reject) => {
      settle = (error) => {
        this.#pending.delete(page);
        if (error === undefined) resolve();
        else reject(error as Error);
      };
    });
    const fault: Fault = { page, served, settle };
    this.#pending.set(page, fault);
    const worker = this.#idle.shift();
    if (worker === undefined) this.#waiting.push(fault);
    else worker(fault);
    return served;
  }

  /** Starts workers that answer faults with `serve`; `spawn` runs each. */
  startWorkers(
    count: number,
    serve: (page: number) => Promise<void>,
    spawn: (name: string, body: () => Promise<void>) => Promise<void>,
  ): { stop(): Promise<void> } {
    let stopped = false;
    const next = (): Fault | undefined | Promise<Fault | undefined> => {
      if (stopped) return undefined;
      return this.#waiting.shift() ?? new Promise((resolve) => this.#idle.push(resolve));
    };
    const work = async (): Promise<void> => {
      for (let fault = await next(); fault !== undefined; fault = await next()) {
        try {
          await serve(fault.page);
          fault.settle();
        } catch (error) {
          fault.settle(error);
        }
      }
    };
    const workers = Array.from({ length: count }, (_, i) => spawn(`worker ${i + 1}`, work));
    return {
      stop: async () => {
        stopped = true;
        for (const wake of this.#idle.splice(0)) wake(undefined);
        await Promise.all(workers);
      },
    };
  }
}
