import { serve } from '../../src/remote/index.ts';
import { BROKEN } from './broken.ts';
import type { Load, Paging } from './contract.ts';
import { FaultQueue } from './fault-queue.ts';
import { PagedMemory } from './memory.ts';

/** The page-fault server, as a child process hosts it. */
export const server = serve<Paging>(({ content, workers, broken }, context) => {
  const faults = new FaultQueue();
  const Memory = broken === undefined ? PagedMemory : BROKEN[broken]!;
  const memory = new Memory(content, faults);
  return {
    start: () =>
      faults.startWorkers(
        workers,
        (page) => memory.serve(page),
        (name, body) => context.spawn(name, body),
      ),
    state: () => memory.snapshot(),
    calls: {
      read: (page) => memory.read(page),
      write: (page, value) => memory.write(page, value),
      remove: (page) => memory.remove(page),
      async load(load) {
        await runLoad(memory, load);
        return faults.raised;
      },
    },
  };
});

/** Accesses pages all over the memory; every value that is read must be the source's or one written to that page. */
async function runLoad(memory: PagedMemory, { operations, parallel, writeEvery }: Load): Promise<void> {
  let next = 0;
  const { pages } = memory;
  const client = async (): Promise<void> => {
    while (next < operations) {
      const i = next++;
      const page = (i * 7919) % pages;
      if (writeEvery > 0 && i % writeEvery === 0) await memory.write(page, page + 1 + pages * i);
      else {
        const value = await memory.read(page);
        if ((value - 1) % pages !== page) throw new Error(`page ${page} had ${value} at operation ${i}`);
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, client));
}
