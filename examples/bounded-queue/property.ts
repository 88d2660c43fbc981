import fc from 'fast-check';
import { currentSim, linearizable, recorded, type CallsOf, type Model } from '../../src/fast-check.ts';
import type { BoundedQueue } from './queue.ts';

export const BRANCHES = ['put at once', 'put later', 'took at once', 'took later'] as const;

const workload = fc.record({ capacity: fc.integer({ min: 1, max: 2 }), items: fc.integer({ min: 0, max: 4 }) });

/** A queue in one thread: none of its transitions means that the operation has to wait. */
function queueOf(capacity: number): Model<readonly number[], CallsOf<BoundedQueue>> {
  return {
    init: () => [],
    step: (items, operation) => {
      if (operation.name === 'put') return items.length < capacity ? { state: [...items, operation.args[0]] } : [];
      const [first, ...rest] = items;
      return first === undefined ? [] : { state: rest, result: first };
    },
  };
}

/** As many take as put, all at once: everybody ends, and it is as if one did so after the other. */
export function queueProperty(create: (capacity: number) => BoundedQueue) {
  return fc.asyncProperty(workload, async ({ capacity, items }) => {
    const sim = currentSim();
    let steps = 0;
    let client = '';
    const { object, history } = recorded(create(capacity), { client: () => client });
    const put = async (item: number): Promise<void> => {
      const since = ++steps;
      client = `putter ${item}`;
      await object.put(item);
      sim.branch(steps++ === since ? 'put at once' : 'put later');
    };
    const take = async (n: number): Promise<void> => {
      const since = ++steps;
      client = `taker ${n}`;
      await object.take();
      sim.branch(steps++ === since ? 'took at once' : 'took later');
    };
    const tasks: Promise<unknown>[] = [];
    for (let i = 1; i <= items; i++) {
      tasks.push(
        sim.spawn('putter', () => put(i)),
        sim.spawn('taker', () => take(i)),
      );
    }
    await Promise.all(tasks);
    // What waits in the queue to be put counts as in it: a waiting put may take effect before it returns.
    const verdict = linearizable(history, queueOf(capacity));
    if (!verdict.ok) throw new Error(verdict.message);
  });
}
