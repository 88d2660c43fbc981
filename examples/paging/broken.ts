import { point } from '../../scheduler/point.ts';
import type { Snapshot } from './contract.ts';
import { PagedMemory } from './memory.ts';

/** Broken: drains `settle` but does not hold it while it looks. */
export class DrainsOnly extends PagedMemory {
  override async snapshot(): Promise<Snapshot> {
    await this.settle.exclusive(() => undefined);
    await point('snapshot:drained');
    return this.table.shared(() => this.look());
  }
}

/** Half fixed: holds `settle`, which keeps faults out but not removals. */
export class HoldsSettleOnly extends PagedMemory {
  override snapshot(): Promise<Snapshot> {
    return this.settle.exclusive(() => this.look());
  }
}

/** Broken: does not look again whether the page was removed while its copy was prepared. */
export class CopiesBlindly extends PagedMemory {
  protected override async copy(page: number): Promise<void> {
    this.mapped.set(page, await this.prepare(page));
  }
}

/** The classes by name, as a configuration can carry it. */
export const BROKEN: Readonly<Record<string, typeof PagedMemory>> = { DrainsOnly, HoldsSettleOnly, CopiesBlindly };
