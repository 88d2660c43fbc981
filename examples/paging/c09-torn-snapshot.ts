import { point } from '../../scheduler/point.ts';
import { defineCase, invariant, together, type Body } from '../catalogue/define-case.ts';
import { ReadWriteLock } from './read-write-lock.ts';

/*
 * C09: a settled snapshot that is torn.
 *
 * A snapshot of the page tracker must show a moment without a request in flight. Locking and unlocking the settle
 * lock waits for the requests in flight, but then new ones begin while the tracker is read page by page. Holding it
 * keeps those out, yet a writer that does not go through it (REMOVE) still gets in.
 */

/** Each write touches both pages; a snapshot that shows one without the other is torn. */
interface Tracker {
  readonly pages: [number, number];
  readonly settle: ReadWriteLock;
  readonly inner: ReadWriteLock;
}

type Snapshot = (tracker: Tracker) => Promise<[number, number]>;

async function read({ pages }: Tracker): Promise<[number, number]> {
  const first = pages[0];
  await point('snap:read');
  return [first, pages[1]];
}

const lockAndUnlock: Snapshot = async (tracker) => {
  (await tracker.settle.write())(); // <- let go at once
  await point('snap:settled');
  return read(tracker);
};

/** Half a fix: holds the settle lock. */
const holdOuter: Snapshot = async (tracker) => {
  const release = await tracker.settle.write(); // <-
  await point('snap:settled');
  const snapshot = await read(tracker);
  release();
  return snapshot;
};

/** Fixed: holds both. */
const holdBoth: Snapshot = async (tracker) => {
  const release = await tracker.settle.write();
  await point('snap:settled');
  const releaseInner = await tracker.inner.read(); // <-
  const snapshot = await read(tracker);
  releaseInner();
  release();
  return snapshot;
};

/** Half a fix: the inner lock alone keeps writes whole, but not requests in flight out. */
const holdInner: Snapshot = async (tracker) => {
  (await tracker.settle.write())();
  await point('snap:settled');
  const release = await tracker.inner.read();
  const snapshot = await read(tracker);
  release();
  return snapshot;
};

function paging(snapshot: Snapshot, withRemove = true): Body {
  return async (sim) => {
    const tracker: Tracker = { pages: [0, 0], settle: new ReadWriteLock(), inner: new ReadWriteLock() };
    const { pages } = tracker;
    let inFlight = 0;
    let reading = false;
    let done = 0;
    const mutate = async (name: string): Promise<void> => {
      const release = await tracker.inner.write();
      pages[0]++;
      await point(`${name}:mutate`);
      pages[1]++;
      release();
    };
    await together(sim, {
      async worker() {
        await point('worker:settle');
        const release = await tracker.settle.read();
        inFlight++;
        await mutate('worker');
        inFlight--;
        done++;
        release();
      },
      ...(withRemove && {
        async remove() {
          await point('remove:begin');
          if (reading) sim.branch('remove during');
          await mutate('remove');
        },
      }),
      async snapshotter() {
        await point('snap:begin');
        reading = true;
        const [first, second] = await snapshot(tracker);
        reading = false;
        invariant(inFlight === 0, 'the snapshot was taken with a request in flight');
        invariant(first === second, 'the snapshot is torn');
        sim.branch(done > 0 ? 'worker before' : 'worker after');
      },
    });
  };
}

export const C09 = defineCase({
  id: 'C09',
  title: 'Torn snapshot',
  source: 'S2.31, S2.32',
  file: 'paging/c09-torn-snapshot.ts',
  invariant: 'A snapshot equals the tracker at one instant with no request in flight.',
  points: ['snap:settled', 'snap:read', 'worker:mutate', 'remove:mutate'],
  branches: ['worker before', 'worker after', 'remove during'],
  buggy: {
    'lock and unlock': {
      body: paging(lockAndUnlock, false),
      fails: /torn|in flight/,
      without: 'holding the settle lock while reading',
      forced: { script: ['snap:begin', 'snap:settled', 'worker:settle', 'snap:read'] },
    },
  },
  halfFixed: {
    'hold the outer lock only': {
      body: paging(holdOuter),
      fails: /torn/,
      without: 'the inner lock',
    },
    'hold the inner lock only': {
      body: paging(holdInner, false),
      fails: /in flight/,
    },
  },
  fixed: { 'hold both': { body: paging(holdBoth) } },
});
