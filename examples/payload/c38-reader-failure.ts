import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { Os } from '../os/os.ts';
import type { Thread } from '../os/thread.ts';
import { drain } from './wait-and-drain.ts';

/*
 * C38: a drain that fails.
 *
 * One of the two readers breaks. Joined with the other in the wrong way, its error is lost or told late; and whoever
 * leaves with it leaves a child that nobody kills or reaps, and a reader that hangs on its pipe.
 */

type Broken = 'stdout' | 'stderr' | 'both' | 'none';

interface Run {
  readonly os: Os;
  readonly parent: Thread;
  readonly pid: number;
  /** Drains one stream, or throws. */
  readonly read: (stream: 'stdout' | 'stderr') => Promise<string>;
}

type Join = (run: Run) => Promise<void>;

const joinBoth: Join = async ({ parent, pid, read }) => {
  await Promise.all([read('stdout'), read('stderr')]); // <- an error leaves the child and the other reader behind
  await parent.wait(pid);
};

/** Half a fix: the child is killed, and what the kill causes is told instead of the cause. */
const killThenTell: Join = async ({ parent, pid, read }) => {
  const both = await Promise.allSettled([read('stdout'), read('stderr')]); // <- waits for the other one first
  await parent.wait(pid);
  const failed = both.find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw new Error('a reader failed'); // <- which, and why?
};

/** Fixed: the first error ends the child, the end of the child ends the other reader, and the cause is told. */
const causeFirst: Join = async ({ parent, pid, read }) => {
  let cause: Error | undefined;
  const reading = async (stream: 'stdout' | 'stderr'): Promise<void> => {
    try {
      await read(stream);
    } catch (error) {
      if (cause === undefined) {
        cause = error as Error; // <-
        await parent.kill(pid, 'SIGKILL'); // <-
      }
    }
  };
  await Promise.all([reading('stdout'), reading('stderr')]);
  await parent.wait(pid);
  if (cause !== undefined) throw new Error(`reading failed: ${cause.message}`, { cause });
};

function reading(join: Join, broken: Broken): Body {
  return async (sim) => {
    const os = new Os(sim, { pipeCapacity: 2 });
    const parent = os.boot('parent');
    await os.drive(parent, async () => {
      const [outRead, outWrite] = await parent.pipe();
      const [errRead, errWrite] = await parent.pipe();
      const pid = await parent.fork('child', async (child) => {
        await child.write(outWrite, 'abc');
        await child.write(errWrite, 'abc');
      });
      const child = os.find(pid)!;
      await parent.close(outWrite);
      await parent.close(errWrite);
      let readers = 0;
      let first: string | undefined;
      const read = async (stream: 'stdout' | 'stderr'): Promise<string> => {
        readers++;
        let text = '';
        let failure: Error | undefined;
        await os.thread(parent.process, stream, async (reader) => {
          await reader.at('begin');
          if (broken === stream || broken === 'both') {
            failure = new Error(`${stream} is broken`);
            first ??= failure.message;
          } else text = await drain(reader, stream === 'stdout' ? outRead : errRead);
          readers--;
        });
        if (failure !== undefined) throw failure;
        return text;
      };
      let told = '';
      await join({ os, parent, pid, read }).catch((error: unknown) => (told = (error as Error).message));
      const left = { child: child.state, readers };
      os.halt();
      sim.branch(broken === 'none' ? 'nothing breaks' : broken === 'both' ? 'both break' : `${broken} breaks`);
      invariant(left.child === 'reaped', `the child is ${left.child} behind an error`);
      invariant(left.readers === 0, 'a reader is left behind');
      invariant(first === undefined ? told === '' : told.includes(first), `told '${told}', which hides the cause`);
    });
  };
}

const everyFailure: Body = async (sim) => {
  for (const broken of ['none', 'stdout', 'stderr', 'both'] as const) await reading(causeFirst, broken)(sim);
};

export const C38 = defineCase({
  id: 'C38',
  title: 'Reader failure',
  source: 'S4.68, S4.22, S4.64',
  file: 'payload/c38-reader-failure.ts',
  invariant: 'The first error is told with its cause; the child is killed and reaped; the other reader ends.',
  points: ['stdout:begin', 'stderr:begin', 'child:write', 'parent:kill', 'parent:wait'],
  branches: ['nothing breaks', 'stdout breaks', 'stderr breaks', 'both break'],
  buggy: {
    'joined together': { body: reading(joinBoth, 'stdout'), fails: /behind an error/, without: 'the kill' },
  },
  halfFixed: {
    'the other one first': {
      body: reading(killThenTell, 'stdout'),
      fails: /^deadlock: .*child waits|hides the cause/,
      without: 'the kill on the first error',
    },
  },
  fixed: {
    'the cause first': { body: everyFailure },
    'the cause first, where stdout breaks': {
      exhaustive: true,
      body: reading(causeFirst, 'stdout'),
      branches: ['stdout breaks'],
    },
  },
});
