import fc from 'fast-check';
import { point } from '../../scheduler/point.ts';
import { currentSim } from '../../src/fast-check.ts';
import type { Connection, Pool } from './pool.ts';

export const BRANCHES = ['opened', 'reused', 'waited'] as const;

/** For each client, how long it keeps its connection. */
const clients = fc.array(fc.record({ queries: fc.nat(2) }), { maxLength: 6 });

/** Never more connections than allowed, never two clients on one, and everybody is served. */
export function poolProperty(create: (most: number, open: () => Promise<Connection>) => Pool) {
  return fc.asyncProperty(fc.integer({ min: 1, max: 3 }), clients, async (most, list) => {
    const sim = currentSim();
    let opened = 0;
    const inUse = new Set<Connection>();
    const used = new Set<Connection>();
    const pool = create(most, async () => {
      const connection = { id: ++opened };
      if (opened > most) throw new Error(`${opened} connections were opened of at most ${most}`);
      await point('connect');
      sim.branch('opened');
      return connection;
    });
    const client = async ({ queries }: { queries: number }): Promise<void> => {
      if (inUse.size === most) sim.branch('waited');
      const connection = await pool.acquire();
      if (inUse.has(connection)) throw new Error('two clients share a connection');
      if (used.has(connection)) sim.branch('reused');
      inUse.add(connection);
      used.add(connection);
      for (let i = 0; i < queries; i++) await point('query');
      inUse.delete(connection);
      pool.release(connection);
    };
    await Promise.all(list.map((one) => sim.spawn('client', () => client(one))));
  });
}
