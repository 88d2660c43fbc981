import fc from 'fast-check';
import type { Op } from '../../scheduler/op.ts';
import type { Scheduler } from '../../scheduler/scheduler.ts';

type Act = (run: () => Promise<void>) => Promise<unknown>;
type ReportItem<Metadata> = fc.SchedulerReportItem<Metadata>;

/** Something that was scheduled, and has not been let go. */
interface Scheduled<Metadata> {
  readonly about: Omit<ReportItem<Metadata>, 'status'>;
  readonly op: Op;
  readonly act: Act;
  /** Lets it go; resolves when it has ended, whether well or not. */
  readonly run: () => Promise<void>;
}

/** The next one that is let go, whichever it will be. */
export interface Offer {
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  /** Takes the offer back; false if one has been let go already. */
  readonly cancel: () => boolean;
}

/** Somebody who waits for one of them to be let go. */
type Taker<Metadata> = (taken: Scheduled<Metadata>) => void;

/** Whatever waits for it belongs to an execution that is over. */
const never = new Promise<never>(() => undefined);

/** What was scheduled and waits to be let go: which one is next is a choice of the engine's. */
export class ScheduledItems<Metadata> {
  readonly #engine: Scheduler;
  readonly #generation: number;
  readonly #pending = new Set<Scheduled<Metadata>>();
  readonly #ended: ReportItem<Metadata>[] = [];
  readonly #takers: Taker<Metadata>[] = [];
  #latestId = 0;

  constructor(engine: Scheduler) {
    this.#engine = engine;
    this.#generation = engine.generation;
  }

  get #isOver(): boolean {
    return this.#generation !== this.#engine.generation;
  }

  get count(): number {
    return this.#pending.size;
  }

  /** In the order in which they were let go, then those that were not. */
  get report(): ReportItem<Metadata>[] {
    return [...this.#ended, ...[...this.#pending].map(({ about }) => ({ status: 'pending' as const, ...about }))];
  }

  /** Schedules `work`; settles as it does. */
  add<T>(
    about: Pick<ReportItem<Metadata>, 'schedulingType' | 'label'> & { readonly metadata?: Metadata | undefined },
    work: () => Promise<T>,
    act: Act,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      // Of an execution that is over: nobody will ever let it go.
      if (this.#isOver) return;
      const { schedulingType, label, metadata } = about;
      const item: Scheduled<Metadata> = {
        about: {
          schedulingType,
          taskId: ++this.#latestId,
          label,
          ...(metadata === undefined ? {} : { metadata }),
        },
        act,
        op: this.#engine.prepare(label === '' ? 'scheduled' : label, () => this.#take(item)),
        run: async () => {
          try {
            const value = await work();
            this.#end(item, 'resolved', value);
            resolve(value);
          } catch (error) {
            this.#end(item, 'rejected', error);
            reject(error as Error);
          }
        },
      };
      this.#pending.add(item);
      if (this.#takers.length > 0) this.#engine.putForward(item.op);
    });
  }

  /** Resolves when nothing but timers, and what is scheduled here, is left to run. */
  async idle(): Promise<void> {
    await (this.#isOver ? never : this.#engine.idle());
  }

  /** Lets one go as soon as the engine says which. */
  next(): Offer {
    let taker!: Taker<Metadata>;
    const ended = new Promise<Scheduled<Metadata>>((resolve) => (taker = resolve)).then(async (item) => {
      await item.act(item.run);
    });
    this.#takers.push(taker);
    if (this.#takers.length === 1) for (const { op } of this.#pending) this.#engine.putForward(op);
    return { ended, cancel: () => this.#leave(taker) };
  }

  #take(item: Scheduled<Metadata>): void {
    this.#pending.delete(item);
    const [taker] = this.#takers;
    this.#leave(taker!);
    taker!(item);
  }

  #leave(taker: Taker<Metadata>): boolean {
    const at = this.#takers.indexOf(taker);
    if (at < 0) return false;
    this.#takers.splice(at, 1);
    if (this.#takers.length === 0) for (const { op } of this.#pending) this.#engine.withdraw(op);
    return true;
  }

  #end({ about }: Scheduled<Metadata>, status: 'resolved' | 'rejected', outcome: unknown): void {
    this.#ended.push({ status, ...about, ...(outcome === undefined ? {} : { outputValue: fc.stringify(outcome) }) });
  }
}
