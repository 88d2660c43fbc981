import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unconditionalDelete, deleteAll } from '../../examples/barrier-registry/broken.ts';
import { BRANCHES as registryBranches, registryProperty } from '../../examples/barrier-registry/property.ts';
import { BarrierRegistry } from '../../examples/barrier-registry/registry.ts';
import { NoSecondLook, WakesAtTheEdge } from '../../examples/bounded-queue/broken.ts';
import { BRANCHES as queueBranches, queueProperty } from '../../examples/bounded-queue/property.ts';
import { HandingQueue } from '../../examples/bounded-queue/queue.ts';
import { FetchedTwice, KeepsFailures, RoomTooEarly } from '../../examples/lru/broken.ts';
import { LruCache } from '../../examples/lru/fetch-cache.ts';
import { BRANCHES as lruBranches, lruProperty } from '../../examples/lru/property.ts';
import { CountedLate, WokenOnce } from '../../examples/pool/broken.ts';
import { ConnectionPool } from '../../examples/pool/pool.ts';
import { BRANCHES as poolBranches, poolProperty } from '../../examples/pool/property.ts';
import { CountedWhenAsked, LastAnswerWins } from '../../examples/search-box/broken.ts';
import { BRANCHES as searchBranches, searchBoxProperty } from '../../examples/search-box/property.ts';
import { LatestOnly } from '../../examples/search-box/search-box.ts';
import { Stampede, OverTooEarly } from '../../examples/token-refresh/broken.ts';
import { BRANCHES as tokenBranches, tokenProperty } from '../../examples/token-refresh/property.ts';
import { SharedRefresh } from '../../examples/token-refresh/token-store.ts';
import { KeptEarly, StaleFill } from '../../examples/write-through/broken.ts';
import { WriteThrough } from '../../examples/write-through/cache.ts';
import { BRANCHES as cacheBranches, cacheProperty } from '../../examples/write-through/property.ts';
import { interleavings, type CheckError } from '../../src/fast-check.ts';

type Property = fc.IAsyncProperty<never>;

interface Study {
  readonly branches: readonly string[];
  readonly fixed: Property;
  /** Each broken variant: what its failure says, and how its smallest value prints. */
  readonly broken: Readonly<Record<string, readonly [Property, message: RegExp, value: RegExp]>>;
}

const as = (property: fc.IAsyncProperty<never> | object): Property => property as Property;

const STUDIES: Record<string, Study> = {
  'connection pool': {
    branches: poolBranches,
    fixed: as(poolProperty((most, open) => new ConnectionPool(most, open))),
    broken: {
      'counted late': [
        as(poolProperty((most, open) => new CountedLate(most, open))),
        /2 connections were opened of at most 1/,
        /^\[1,\[\{"queries":0\},\{"queries":0\}\]\]$/,
      ],
      'woken once': [
        as(poolProperty((most, open) => new WokenOnce(most, open))),
        /2 connections were opened of at most 1/,
        /^\[1,\[(\{"queries":\d\},?){3}\]\]$/,
      ],
    },
  },
  'search box': {
    branches: searchBranches,
    fixed: as(searchBoxProperty((around) => new LatestOnly(around))),
    broken: {
      'last answer wins': [
        as(searchBoxProperty((around) => new LastAnswerWins(around))),
        /'a!' is shown for 'ab'|'ab?c?!' is shown for 'ab?c?'/,
        /^\[\[\{[^}]*\},\{[^}]*\}\]\]$/,
      ],
      'counted when asked': [
        as(searchBoxProperty((around) => new CountedWhenAsked(around))),
        /is shown for/,
        /^\[\[\{[^}]*\},\{[^}]*\}\]\]$/,
      ],
    },
  },
  'token refresh': {
    branches: tokenBranches,
    fixed: as(tokenProperty((authority, first) => new SharedRefresh(authority, first))),
    broken: {
      stampede: [
        as(tokenProperty((authority, first) => new Stampede(authority, first))),
        /the secret s\d has been used already/,
        /^\[\["(request|expiry)","(request|expiry)","(request|expiry)"\]\]$/,
      ],
      'over too early': [
        as(tokenProperty((authority, first) => new OverTooEarly(authority, first))),
        /the secret s\d has been used already/,
        /^\[\["(request|expiry)","(request|expiry)","(request|expiry)"\]\]$/,
      ],
    },
  },
  'write-through cache, a register for each key': {
    branches: cacheBranches,
    fixed: as(cacheProperty((database) => new WriteThrough(database))),
    broken: {
      'stale fill': [
        as(cacheProperty((database) => new StaleFill(database))),
        /Not linearizable for key '.'|the cache has undefined for ./,
        /^\[\[\[.*\],\[.*\]\]\]$/,
      ],
      'kept early': [
        as(cacheProperty((database) => new KeptEarly(database))),
        /Not linearizable for key '.'|the cache has \d for ., the database \d/,
        /^\[\[\[.*\]\]\]$/,
      ],
    },
  },
  'bounded queue, a queue of limited capacity': {
    branches: queueBranches,
    fixed: as(queueProperty((capacity) => new HandingQueue(capacity))),
    broken: {
      'no second look': [
        as(queueProperty((capacity) => new NoSecondLook(capacity))),
        /Not linearizable/,
        /^\[\{"capacity":1,"items":\d\}\]$/,
      ],
      'wakes at the edge': [
        as(queueProperty((capacity) => new WakesAtTheEdge(capacity))),
        /Nothing can run any more/,
        /^\[\{"capacity":2,"items":\d\}\]$/,
      ],
    },
  },
  'LRU fetch cache': {
    branches: lruBranches,
    fixed: as(lruProperty((most, fetch) => new LruCache(most, fetch))),
    broken: {
      'room too early': [
        as(lruProperty((most, fetch) => new RoomTooEarly(most, fetch))),
        /2 keys are kept of at most 1|is fetched twice/,
        /"most":1/,
      ],
      'fetched twice': [
        as(lruProperty((most, fetch) => new FetchedTwice(most, fetch))),
        /. is fetched twice at a time/,
        /"keys":\["(.)","\1"\]/,
      ],
      'keeps failures': [
        as(lruProperty((most, fetch) => new KeepsFailures(most, fetch))),
        /the failure of . was kept/,
        /"keys":\["."\],"faults":\[0\]/,
      ],
    },
  },
  'barrier registry, against a model': {
    branches: registryBranches,
    fixed: as(registryProperty(() => new BarrierRegistry())),
    broken: {
      'unconditional delete': [
        as(registryProperty(() => new BarrierRegistry(unconditionalDelete))),
        /a worker at . ought to park at #2, and passed/,
        /^\[((install|release|hit)\([^)]*\),?){4} /,
      ],
      'delete all': [
        as(registryProperty(() => new BarrierRegistry(deleteAll))),
        /a worker at . ought to park at #\d, and passed/,
        /^\[((install|release|hit)\([^)]*\),?){4} /,
      ],
    },
  },
};

describe.each(Object.entries(STUDIES))('%s', (_name, { branches, fixed, broken }) => {
  test.each(Object.entries(broken))('broken: %s', async (_variant, [property, message, value]) => {
    const details = await fc.check(property, {
      seed: 1,
      numRuns: 500,
      plugins: [interleavings({ runs: 30, vacuity: 'off' })],
    });
    expect(
      (details.errorInstance as CheckError | undefined)?.report?.failure?.message ?? String(details.errorInstance),
    ).toMatch(message);
    expect(fc.stringify(details.counterexample)).toMatch(value);
  });

  test('fixed: passes, and every branch is seen', async () => {
    await fc.assert(fixed, { seed: 1, numRuns: 40, plugins: [interleavings({ runs: 25, branches })] });
  });
});

test('an older barrier is released after a newer one was installed, and a worker passes: three commands and a hit', async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const property = registryProperty(() => new BarrierRegistry(unconditionalDelete));
    const plugins = [interleavings({ runs: 30, vacuity: 'off' })];
    const details = await fc.check(property, { seed, numRuns: 500, plugins });
    const { trace } = (details.errorInstance as CheckError).report.failure!;
    const started = trace.filter(({ kind, task }) => kind === 'start' && task !== 'main').map(({ task }) => task);
    expect(started.map((task) => task.replace(/#\d$/, '').replace(/\([kl]\)/, '(k)'))).toEqual([
      'install(k)',
      'install(k)',
      'release(#1)',
      'hit(k)',
    ]);
  }
});
