import { asyncMutex } from './async-mutex.ts';
import { bottleneck } from './bottleneck.ts';
import { fastq } from './fastq.ts';
import { genericPool } from './generic-pool.ts';
import { lruCache } from './lru-cache.ts';
import { mkdirp } from './mkdirp.ts';
import { pMap } from './p-map.ts';
import { pMemoize } from './p-memoize.ts';
import type { RealBug } from './real-bug.ts';
import { unstorage } from './unstorage.ts';
import { zustand } from './zustand.ts';

export const BUGS: readonly RealBug[] = [
  asyncMutex,
  bottleneck,
  fastq,
  genericPool,
  lruCache,
  mkdirp,
  pMap,
  pMemoize,
  unstorage,
  zustand,
];
