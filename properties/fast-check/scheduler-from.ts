import { isPromise } from 'node:util/types';
import fc from 'fast-check';
import { StraddleError } from '../../scheduler/error.ts';
import type { Scheduler } from '../../scheduler/scheduler.ts';
import { ExecutionSim, type Sim } from '../../scheduler/sim.ts';
import { ScheduledItems, type Claim, type Offer } from './scheduled.ts';

type Act = Parameters<fc.Scheduler['waitOne']>[0];

/**
 * The interface of fast-check's `fc.scheduler()` on straddle, so that a test that was written for that runs here: what
 * is scheduled waits until the test waits for it, and which one is let go next is a choice of the engine's. Where
 * fast-check counts fifty ticks before it takes the program for idle, here it is known: all that can run has run.
 * Timers do not count, as with fast-check: `waitIdle` does not wait for them.
 *
 * ```ts
 * const s = schedulerFrom(sim); // instead of the value of fc.scheduler()
 * ```
 *
 * @param options.act surrounds whatever lets something go, as in `fc.scheduler({ act })`.
 * @throws StraddleError `usage` if `sim` is none.
 */
export function schedulerFrom<Metadata = unknown>(
  sim: Sim,
  options: { act?: (run: () => Promise<void>) => Promise<unknown> } = {},
): fc.Scheduler<Metadata> {
  return new SimScheduler<Metadata>(ExecutionSim.engineOf(sim), options.act ?? plainly);
}

class SimScheduler<Metadata> implements fc.Scheduler<Metadata> {
  readonly #act: (run: () => Promise<void>) => Promise<unknown>;
  readonly #items: ScheduledItems<Metadata>;

  constructor(engine: Scheduler, act: (run: () => Promise<void>) => Promise<unknown>) {
    this.#act = act;
    this.#items = new ScheduledItems(engine);
  }

  readonly schedule = <T>(task: Promise<T>, label = '', metadata?: Metadata, act: Act = plainly): Promise<T> => {
    quieten(task);
    return this.#items.add({ schedulingType: 'promise', label, metadata }, () => task, act);
  };

  readonly scheduleFunction = <Args extends unknown[], T>(
    call: (...args: Args) => Promise<T>,
    act: Act = plainly,
  ): ((...args: Args) => Promise<T>) => {
    return (...args) => {
      const label = `${call.name}(${args.map((arg) => fc.stringify(arg)).join(',')})`;
      const task = call(...args);
      quieten(task);
      return this.#items.add({ schedulingType: 'function', label }, () => task, act);
    };
  };

  scheduleSequence(
    builders: fc.SchedulerSequenceItem<Metadata>[],
    act: Act = plainly,
  ): ReturnType<fc.Scheduler['scheduleSequence']> {
    const state = { done: false, faulty: false };
    const run = async (): Promise<typeof state> => {
      try {
        for (const item of builders) {
          const { builder, label, metadata } =
            typeof item === 'function' ? { builder: item, label: item.name, metadata: undefined } : item;
          await this.#items.add<unknown>({ schedulingType: 'sequence', label, metadata }, async () => builder(), act);
        }
        state.done = true;
      } catch {
        state.faulty = true;
      }
      return { done: state.done, faulty: state.faulty };
    };
    return Object.assign(state, { task: run() });
  }

  count(): number {
    return this.#items.count;
  }

  readonly waitOne = (act?: Act): Promise<void> => {
    if (this.#items.count > 0) return this.#letGo(act, this.#items.claim());
    throw new StraddleError('usage', 'No task is scheduled, so waitOne() has nothing to wait for.');
  };

  readonly waitAll = async (act?: Act): Promise<void> => {
    while (this.#items.count > 0) await this.#letGo(act, this.#items.claim());
  };

  readonly waitNext = async (count: number, act?: Act): Promise<void> => {
    for (let left = count; left > 0; left--) await this.#letGo(act);
  };

  readonly waitIdle = async (act?: Act): Promise<void> => {
    await this.#items.idle();
    await this.waitAll(act);
  };

  readonly waitFor = async <T>(task: Promise<T>, act?: Act): Promise<T> => {
    let isSettled = false;
    let latest: Offer | undefined;
    const settled = (): void => {
      isSettled = true;
      // In the very drain in which it settled: no choice has been made since.
      if (latest?.cancel() === true) latest = undefined;
    };
    const end = task.then(settled, settled);
    for (;;) {
      await Promise.race([this.#items.idle(), end]);
      if (isSettled) break;
      latest = this.#offer(act);
      await Promise.race([latest.ended, end]);
    }
    // What was let go on the way ends first.
    await latest?.ended;
    return task;
  };

  readonly report = (): fc.SchedulerReportItem<Metadata>[] => this.#items.report;

  /** What was scheduled and what came of it, in the form that `fc.schedulerFor` takes. */
  toString(): string {
    const lines = this.report().map(({ taskId, schedulingType, label, status, outputValue }) => {
      const value = outputValue === undefined ? '' : ` with value ${outputValue.replaceAll(/[$`\\]/g, '\\$&')}`;
      return `-> [task\${${taskId}}] ${schedulingType}${label === '' ? '' : `::${label}`} ${status}${value}`;
    });
    return `schedulerFor()\`\n${lines.join('\n')}\``;
  }

  /** Lets one task go when the program is idle; resolves when it is idle again. */
  async #letGo(act: Act, claim?: Claim): Promise<void> {
    await this.#items.idle();
    try {
      await this.#offer(act, claim).ended;
    } finally {
      if (claim !== undefined) this.#items.drop(claim);
    }
    await this.#items.idle();
  }

  /** From the outside in: what surrounds everything, what surrounds this wait, what surrounds this task. */
  #offer(act: Act = plainly, claim?: Claim): Offer {
    let offer: Offer | undefined;
    const ended = this.#act(() =>
      act(() => {
        offer = this.#items.next(claim);
        return offer.ended;
      }),
    ).then(() => undefined);
    return { ended, cancel: () => offer?.cancel() ?? false };
  }
}

/** Whoever waits for the result will see a promise fail; until it is let go, nobody can. Anything else begins then. */
function quieten(task: unknown): void {
  if (isPromise(task)) task.catch(() => undefined);
}

function plainly(run: () => Promise<void>): Promise<void> {
  return run();
}
