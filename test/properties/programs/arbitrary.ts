import fc from 'fast-check';
import type { Act, Program } from './program.ts';

const { constantFrom, nat, oneof, record } = fc;

const ms = fc.integer({ min: 1, max: 4 });
const name = constantFrom('p', 'q', 'r');
const act = <Name extends Act['do']>(...names: readonly Name[]): fc.Arbitrary<Name> => constantFrom(...names);

const leaf: fc.Arbitrary<Act> = oneof(
  { weight: 8, arbitrary: record({ do: act('point'), name, key: nat(1) }) },
  { weight: 4, arbitrary: record({ do: act('sleep', 'timer', 'interval'), ms }) },
  { weight: 1, arbitrary: record({ do: act('forget'), ms }) },
  { weight: 6, arbitrary: record({ do: act('immediate', 'tick', 'micro', 'settled', 'random') }) },
  { weight: 8, arbitrary: record({ do: act('increment'), cell: nat(1) }) },
  { weight: 6, arbitrary: record({ do: act('await', 'resolve', 'resolve', 'react'), promise: nat(2) }) },
  { weight: 4, arbitrary: record({ do: act('lock', 'lock', 'unlock'), lock: nat(1) }) },
  { weight: 1, arbitrary: record({ do: act('hold'), name, cell: nat(1) }) },
  { weight: 1, arbitrary: record({ do: act('poll'), cell: nat(1) }) },
  { weight: 1, arbitrary: record({ do: act('reject'), promise: nat(2) }) },
  { weight: 1, arbitrary: record({ do: act('throw', 'stray') }) },
);
const anything: fc.Arbitrary<Act> = oneof(
  { weight: 20, arbitrary: leaf },
  { weight: 1, arbitrary: record({ do: act('spawn'), acts: fc.array(leaf, { maxLength: 3 }) }) },
);

/** Random programs of up to four tasks. */
export const programs: fc.Arbitrary<Program> = record({
  tasks: fc.array(fc.array(anything, { maxLength: 6 }), { minLength: 1, maxLength: 4 }),
  exact: fc.boolean(),
});

/** Those of them that do not poll, perhaps for ever. */
export const endingPrograms: fc.Arbitrary<Program> = programs.map(({ tasks, exact }) => ({
  tasks: tasks.map((acts) => acts.filter((one) => one.do !== 'poll')),
  exact,
}));
