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
  inFlight: number;
}

interface Shown {
  readonly pages: readonly [number, number];
  /** Requests in flight at that moment. */
  readonly inFlight: number;
}

type Snapshot = (tracker: Tracker) => Promise<Shown>;

async function read(tracker: Tracker): Promise<Shown> {
  const first = tracker.pages[0];
  await point('snap:read');
  return { pages: [first, tracker.pages[1]], inFlight: tracker.inFlight };
}

const lockAndUnlock: Snapshot = async (tracker) => {
  await tracker.settle.exclusive(() => undefined); // <- let go at once
  await point('snap:settled');
  return read(tracker);
};

/** Half a fix: holds the settle lock while it reads. */
const holdOuter: Snapshot = (tracker) =>
  // <-
  tracker.settle.exclusive(async () => {
    await point('snap:settled');
    return read(tracker);
  });

/** Half a fix: the inner lock alone keeps writes whole, but not requests in flight out. */
const holdInner: Snapshot = async (tracker) => {
  await tracker.settle.exclusive(() => undefined);
  await point('snap:settled');
  return tracker.inner.shared(() => read(tracker)); // <-
};

/** Fixed: holds both. */
const holdBoth: Snapshot = (tracker) =>
  // <-
  tracker.settle.exclusive(async () => {
    await point('snap:settled');
    return tracker.inner.shared(() => read(tracker)); // <-
  });

function paging(snapshot: Snapshot, withRemove = true): Body {
  return async (sim) => {
    const tracker: Tracker = { pages: [0, 0], settle: new ReadWriteLock(), inner: new ReadWriteLock(), inFlight: 0 };
    const { pages } = tracker;
    let reading = false;
    let done = 0;
    const mutate = (name: string): Promise<void> =>
      tracker.inner.exclusive(async () => {
        pages[0]++;
        await point(`${name}:mutate`);
        pages[1]++;
      });
    await together(sim, {
      async worker() {
        await point('worker:settle');
        await tracker.settle.shared(async () => {
          tracker.inFlight++;
          await mutate('worker');
          tracker.inFlight--;
          done++;
        });
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
        const { pages: shown, inFlight } = await snapshot(tracker);
        reading = false;
        invariant(inFlight === 0, 'the snapshot was taken with a request in flight');
        invariant(shown[0] === shown[1], 'the snapshot is torn');
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
  fixed: { 'hold both': { exhaustive: true, body: paging(holdBoth) } },
});
