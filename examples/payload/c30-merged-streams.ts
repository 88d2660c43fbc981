import { point } from '../../scheduler/point.ts';
import type { Sim } from '../../src/index.ts';
import { defineCase, invariant, together, type Body } from '../catalogue/define-case.ts';

/*
 * C30: two streams in one buffer.
 *
 * Standard output and standard error are drained at the same time, and the chunks of one have no order against those
 * of the other. Appended to one buffer, what is parsed from it depends on who came first. They must stay apart; where
 * the first has nothing, the second replaces it.
 */

type Chunks = readonly string[];

interface Streams {
  readonly stdout: Chunks;
  readonly stderr: Chunks;
}

/** Numbers of `key=value` lines. */
function parse(text: string): string {
  return [...text.matchAll(/(\w+)=(\d+)\n/g)].map(([, key, value]) => `${key!}:${value!}`).join();
}

type Collect = (sim: Sim, streams: Streams) => Promise<{ metrics: string; from: string }>;

async function drain(name: string, chunks: Chunks, append: (chunk: string) => void): Promise<void> {
  for (const chunk of chunks) {
    await point(`${name}:chunk`);
    append(chunk);
  }
}

const merged: Collect = async (sim, { stdout, stderr }) => {
  let buffer = '';
  const append = (chunk: string): void => void (buffer += chunk); // <- one buffer for both
  await together(sim, { out: () => drain('out', stdout, append), err: () => drain('err', stderr, append) });
  return { metrics: parse(buffer), from: 'both' };
};

/** Fixed: a buffer for each. */
const apart: Collect = async (sim, { stdout, stderr }) => {
  const buffers = { out: '', err: '' }; // <-
  await together(sim, {
    out: () => drain('out', stdout, (chunk) => void (buffers.out += chunk)),
    err: () => drain('err', stderr, (chunk) => void (buffers.err += chunk)),
  });
  const metrics = parse(buffers.out);
  if (metrics !== '') return { metrics, from: 'stdout used' };
  const fallback = parse(buffers.err); // <- replaces, never joins
  return { metrics: fallback, from: fallback === '' ? 'none' : 'stderr fallback' };
};

const CASES = [
  { streams: { stdout: ['iops=', '5\n'], stderr: ['iops=9\n'] }, metrics: 'iops:5' },
  { streams: { stdout: ['ready\n'], stderr: ['lat=', '7\n'] }, metrics: 'lat:7' },
  { streams: { stdout: [], stderr: ['warm\n'] }, metrics: '' },
] as const;

function collecting(collect: Collect, cases: readonly (typeof CASES)[number][] = CASES): Body {
  return async (sim) => {
    for (const { streams, metrics } of cases) {
      const result = await collect(sim, streams);
      sim.branch(result.from);
      invariant(result.metrics === metrics, 'what was parsed depends on the order of the chunks');
    }
  };
}

export const C30 = defineCase({
  id: 'C30',
  title: 'Streams merged into one buffer',
  source: 'S4.36, S4.37',
  file: 'payload/c30-merged-streams.ts',
  invariant: 'The same chunks give the same result in every order.',
  points: ['out:chunk', 'err:chunk'],
  branches: ['stdout used', 'stderr fallback', 'none'],
  buggy: {
    'one buffer': {
      body: collecting(merged, [CASES[0]]),
      fails: /depends on the order/,
      without: 'a buffer for each',
      forced: { script: ['out:chunk', 'err:chunk', 'out:chunk'] },
    },
  },
  fixed: { 'a buffer for each': { exhaustive: true, body: collecting(apart) } },
});
