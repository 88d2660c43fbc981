import fc from 'fast-check';
import { currentSim, linearizable, recorded, type CallsOf, type Model } from '../../src/fast-check.ts';
import { Database, type Cache } from './cache.ts';

export const BRANCHES = ['hit', 'miss', 'overlap'] as const;

/** For each client, what it does, one thing after the other. */
const clients = fc.array(
  fc.array(fc.record({ key: fc.constantFrom('x', 'y'), write: fc.boolean() }), { minLength: 1, maxLength: 3 }),
  { maxLength: 3 },
);

/** A register for each key. */
const register: Model<number | undefined, CallsOf<Cache>> = {
  init: () => undefined,
  key: ({ args: [key] }) => key,
  step: (state, { name, args }) => (name === 'write' ? { state: args[1] } : { state, result: state }),
};

/** Whoever reads or writes: it is as if one did so after the other, and the cache agrees with the database. */
export function cacheProperty(create: (database: Database) => Cache) {
  return fc.asyncProperty(clients, async (list) => {
    const sim = currentSim();
    const database = new Database();
    let client = '';
    let value = 0;
    let running = 0;
    const cache = create(database);
    const { object, history } = recorded(cache, { client: () => client });
    const work = async (name: string, operations: (typeof list)[number]): Promise<void> => {
      for (const { key, write } of operations) {
        if (running++ > 0) sim.branch('overlap');
        const before = sim.arrivals('db:read');
        client = name;
        if (write) await object.write(key, ++value);
        else {
          await object.read(key);
          sim.branch(sim.arrivals('db:read') === before ? 'hit' : 'miss');
        }
        running--;
        await sim.point('next');
      }
    };
    await Promise.all(list.map((one, i) => sim.spawn(`client ${i + 1}`, () => work(`client ${i + 1}`, one))));
    const verdict = linearizable(history, register);
    if (!verdict.ok) throw new Error(verdict.message);
    for (const key of ['x', 'y']) {
      const [kept, stored] = [await cache.read(key), await database.read(key)];
      if (kept !== stored) throw new Error(`the cache has ${kept} for ${key}, the database ${stored}`);
    }
  });
}
