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

/** A wait that has been promised one: nobody else takes the last one from it. */
export type Claim = symbol;

/** Somebody who waits for one of them to be let go. */
interface Taker<Metadata> {
  readonly claim: Claim | undefined;
  readonly take: (taken: Scheduled<Metadata>) => void;
}

/** Whatever waits for it belongs to an execution that is over. */
const never = new Promise<never>(() => undefined);

/** What was scheduled and waits to be let go: which one is next is a choice of the engine's. */
export class ScheduledItems<Metadata> {
  readonly #engine: Scheduler;
  readonly #generation: number;
  readonly #pending = new Set<Scheduled<Metadata>>();
  readonly #ended: ReportItem<Metadata>[] = [];
  readonly #claims = new Set<Claim>();
  readonly #takers: Taker<Metadata>[] = [];
  /** Some taker may have what is pending. */
  #isOffered = false;
  #latestId = 0;

  constructor(engine: Scheduler) {
    this.#engine = engine;
    this.#generation = engine.generation;
  }

  get #isOver(): boolean {
    return this.#generation !== this.#engine.generation;
  }

  /** Those that no wait has been promised. */
  get count(): number {
    return this.#pending.size - this.#claims.size;
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
          metadata: metadata as Metadata,
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
      if (this.#isOffered) this.#engine.putForward(item.op);
      else this.#offer();
    });
  }

  /** Resolves when nothing but timers, and what is scheduled here, is left to run. */
  async idle(): Promise<void> {
    await (this.#isOver ? never : this.#engine.idle());
  }

  /** Promises one to a wait, of which `count` says that there is one left. */
  claim(): Claim {
    const claim: Claim = Symbol('claim');
    this.#claims.add(claim);
    this.#offer();
    return claim;
  }

  /** The wait is over, whether or not it took what it was promised. */
  drop(claim: Claim): void {
    if (this.#claims.delete(claim)) this.#offer();
  }

  /** Lets one go as soon as the engine says which. */
  next(claim?: Claim): Offer {
    let taker!: Taker<Metadata>;
    const ended = new Promise<Scheduled<Metadata>>((resolve) => {
      taker = { claim: claim !== undefined && this.#claims.has(claim) ? claim : undefined, take: resolve };
    }).then(async (item) => {
      await item.act(item.run);
    });
    this.#takers.push(taker);
    this.#offer();
    return { ended, cancel: () => this.#leave(taker) };
  }

  #take(item: Scheduled<Metadata>): void {
    this.#pending.delete(item);
    const taker = this.#takers.find(({ claim }) => claim !== undefined) ?? this.#takers[0]!;
    if (taker.claim !== undefined) this.#claims.delete(taker.claim);
    this.#leave(taker);
    taker.take(item);
  }

  #leave(taker: Taker<Metadata>): boolean {
    const at = this.#takers.indexOf(taker);
    if (at < 0) return false;
    this.#takers.splice(at, 1);
    this.#offer();
    return true;
  }

  /** Puts what is pending before the engine, or takes it back, as there are takers. */
  #offer(): void {
    const isOffered = this.#takers.some(({ claim }) => claim !== undefined || this.count > 0);
    if (isOffered === this.#isOffered) return;
    this.#isOffered = isOffered;
    for (const { op } of this.#pending) {
      if (isOffered) this.#engine.putForward(op);
      else this.#engine.withdraw(op);
    }
  }

  #end({ about }: Scheduled<Metadata>, status: 'resolved' | 'rejected', outcome: unknown): void {
    // Both optional properties are always there, for whoever compares a report strictly.
    const outputValue = outcome === undefined ? undefined : fc.stringify(outcome);
    this.#ended.push({ status, ...about, outputValue: outputValue as string });
  }
}
