import fc from 'fast-check';
import { currentSim } from '../../../src/fast-check.ts';

/** Something that a client does with the counter. */
export interface Operation {
  readonly kind: 'increment' | 'read' | 'touch';
  readonly note: number;
}

/** 1..20 operations; two increments and one preemption between a read and its write lose an update. */
export const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('increment' as const, 'touch' as const, 'read' as const),
    note: fc.nat(1000),
  }),
  { minLength: 1, maxLength: 20 },
);

/** Runs all operations at once. */
export async function concurrently(list: Operation[]): Promise<void> {
  const sim = currentSim();
  let counter = 0;
  const run = async ({ kind }: Operation): Promise<void> => {
    const seen = counter;
    if (kind === 'read') return;
    await sim.point(`${kind}:read`);
    if (kind === 'increment') counter = seen + 1;
  };
  await Promise.all(list.map((operation) => sim.spawn(operation.kind, () => run(operation))));
  const expected = list.filter(({ kind }) => kind === 'increment').length;
  if (counter !== expected) throw new Error('an increment was lost');
}
