import fc from 'fast-check';
import { expect, test } from 'vitest';
import { generator, NumberedChance } from '../../scheduler/world/chance.ts';

test('numbered chance has the numbers of generators of their own', () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.nat(), { minLength: 1 }), (seed, executions) => {
      const chance = new NumberedChance(seed);
      for (const execution of executions) {
        chance.begin(execution);
        const own = generator(`${seed} ${execution}`);
        for (let i = 0; i < 20; i++) expect(chance.next()).toBe(own());
      }
    }),
  );
});
