import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { Os } from '../os/os.ts';
import type { Thread } from '../os/thread.ts';
import { drain } from './wait-and-drain.ts';

/*
 * C16: two pipes, read one after the other.
 *
 * The parent reads standard output to its end, then standard error. A child that fills the error pipe first blocks
 * there, so its output never ends: each waits for the other. Both must be drained at the same time.
 */

type Drain = (os: Os, parent: Thread, stdout: number, stderr: number) => Promise<[string, string]>;

const oneAfterTheOther: Drain = async (_os, parent, stdout, stderr) => {
  const output = await drain(parent, stdout); // <- no end of file before the child has written its errors
  return [output, await drain(parent, stderr)];
};

const stderrFirst: Drain = async (_os, parent, stdout, stderr) => {
  const errors = await drain(parent, stderr); // <- the same, the other way round
  return [await drain(parent, stdout), errors];
};

/** Fixed: one drain for each. */
const concurrent: Drain = async (os, parent, stdout, stderr) => {
  const both = ['', ''] as [string, string];
  await Promise.all(
    [stdout, stderr].map((fd, i) =>
      os.thread(parent.process, 'drain', async (reader) => {
        both[i] = await drain(reader, fd); // <-
      }),
    ),
  );
  return both;
};

const CAPACITY = 4;

/** @param sizes bytes for standard output and standard error. */
export function writing(drainBoth: Drain, sizes: readonly [number, number], capacity = CAPACITY): Body {
  return async (sim) => {
    const os = new Os(sim, { pipeCapacity: capacity });
    const parent = os.boot('parent');
    await os.drive(parent, async () => {
      const [outRead, outWrite] = await parent.pipe();
      const [errRead, errWrite] = await parent.pipe();
      const [out, err] = ['o'.repeat(sizes[0]), 'e'.repeat(sizes[1])] as const;
      await parent.fork('child', async (child) => {
        await child.close(outRead);
        await child.close(errRead);
        // Two threads of the child write, in any order.
        const thread = os.thread(child.process, 'logger', (logger) => logger.write(errWrite, err));
        await child.write(outWrite, out);
        await thread;
      });
      await parent.close(outWrite);
      await parent.close(errWrite);
      const [gotOut, gotErr] = await drainBoth(os, parent, outRead, errRead);
      invariant(gotOut === out && gotErr === err, 'bytes were lost');
      if (sizes[0] > capacity) sim.branch('stdout fills');
      if (sizes[1] > capacity) sim.branch('stderr fills');
      if (Math.max(...sizes) <= capacity) sim.branch('neither');
    });
  };
}

export const bothAtOnce = concurrent;

const everySize: Body = async (sim) => {
  for (const sizes of [
    [3, 4],
    [5, 1],
    [1, 9],
    [6, 6],
  ] as const)
    await writing(concurrent, sizes)(sim);
};

export const C16 = defineCase({
  id: 'C16',
  title: 'Drained one after the other',
  source: 'S4.67',
  file: 'payload/c16-sequential-drain.ts',
  invariant: 'It ends for all sizes, and no byte is lost.',
  points: ['parent:read', 'child:write', 'logger:write', 'drain:read'],
  branches: ['stdout fills', 'stderr fills', 'neither'],
  buggy: {
    'stdout, then stderr': {
      body: writing(oneAfterTheOther, [1, 5]),
      fails: /^deadlock: .*logger waits/,
      without: 'a drain for each',
    },
    'stderr, then stdout': {
      body: writing(stderrFirst, [5, 1]),
      fails: /^deadlock: .*child waits/,
    },
  },
  fixed: {
    'both at once': { body: everySize },
    'both at once, where stderr fills': {
      exhaustive: { preemptions: 2 },
      body: writing(concurrent, [1, 5]),
      branches: ['stderr fills'],
    },
  },
});
