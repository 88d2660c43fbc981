import { point } from '../../scheduler/point.ts';
import { PAGE_BYTES, type PageState, type Snapshot } from './contract.ts';
import type { FaultQueue } from './fault-queue.ts';
import { ReadWriteLock } from './read-write-lock.ts';

type Page = [first: number, second: number];

/**
 * Memory whose pages come into being when they are touched. An access to a missing page is a fault; a worker of the
 * serve loop answers it: it copies the page into memory, then notes that in the page table. Three locks:
 *
 * - `settle` is shared by every fault that is being served. Who holds it alone knows that none is under way.
 * - `table` guards the states, also against removals, which are events of the kernel and bypass `settle`.
 * - `access` keeps reads, writes and removals of the memory itself apart.
 */
export class PagedMemory {
  readonly pages: number;
  readonly states: PageState[];
  readonly mapped = new Map<number, Page>();
  protected readonly settle = new ReadWriteLock();
  protected readonly table = new ReadWriteLock();
  protected readonly access = new ReadWriteLock();
  /** How often each page was removed: a copy that was prepared before is worth nothing. */
  protected readonly removals: number[];
  readonly #source: DataView;
  readonly #faults: FaultQueue;

  constructor(source: Uint8Array, faults: FaultQueue) {
    this.pages = source.byteLength / PAGE_BYTES;
    this.states = Array<PageState>(this.pages).fill('missing');
    this.removals = Array<number>(this.pages).fill(0);
    this.#source = new DataView(source.buffer, source.byteOffset, source.byteLength);
    this.#faults = faults;
  }

  async read(page: number): Promise<number> {
    for (;;) {
      if (!this.mapped.has(page)) await this.#faults.raise(page);
      const value = await this.access.shared(() => this.#load(page));
      if (value !== undefined) return value;
    }
  }

  async write(page: number, value: number): Promise<void> {
    while (!(await this.#tryWrite(page, value)));
  }

  async #tryWrite(page: number, value: number): Promise<boolean> {
    if (!this.mapped.has(page)) await this.#faults.raise(page);
    return this.access.exclusive(() => this.store(page, value));
  }

  /** False if the page was removed meanwhile. */
  protected async store(page: number, value: number): Promise<boolean> {
    const words = this.mapped.get(page);
    if (words === undefined) return false;
    words[0] = value;
    await point('write:half', page);
    words[1] = value;
    await this.table.exclusive(() => {
      this.states[page] = 'dirty';
    });
    return true;
  }

  #load(page: number): number | undefined {
    const words = this.mapped.get(page);
    if (words !== undefined && words[0] !== words[1]) throw new Error(`page ${page} was read while half written`);
    return words?.[0];
  }

  /** Bypasses `settle`: it is not a fault. */
  async remove(page: number): Promise<void> {
    await this.access.exclusive(() =>
      this.table.exclusive(async () => {
        this.removals[page]!++;
        this.mapped.delete(page);
        await point('remove:unmapped', page);
        this.states[page] = 'removed';
      }),
    );
  }

  /** What a worker does. */
  async serve(page: number): Promise<void> {
    await this.settle.shared(async () => {
      await this.copy(page);
      await point('fault:copied', page);
      await this.table.exclusive(() => {
        // Whoever touched the page since it was copied knows better.
        if (this.mapped.has(page) && this.states[page] !== 'dirty') this.states[page] = 'present';
      });
    });
  }

  /** Copies the page into memory, and again if it was removed while the copy was prepared. */
  protected async copy(page: number): Promise<void> {
    for (;;) {
      const removals = this.removals[page];
      const words = await this.prepare(page);
      if (removals !== this.removals[page]) continue;
      this.mapped.set(page, words);
      return;
    }
  }

  /** What the page will contain. */
  protected async prepare(page: number): Promise<Page> {
    const removed = await this.table.shared(() => this.states[page] === 'removed');
    await point('fault:prepared', page);
    return removed ? [0, 0] : [this.#word(2 * page), this.#word(2 * page + 1)];
  }

  #word(index: number): number {
    return this.#source.getUint32(4 * index, true);
  }

  /** The state at one instant, with no fault under way: drains `settle` and holds it, and `table` as well. */
  snapshot(): Promise<Snapshot> {
    return this.settle.exclusive(() => this.table.shared(() => this.look()));
  }

  /** Reads one after the other what has to belong together. */
  protected async look(): Promise<Snapshot> {
    const mapped = this.states.map((_, page) => this.mapped.has(page));
    await point('snapshot:half');
    return { states: [...this.states], mapped };
  }
}
