import { Signal } from '../barriers/registry.ts';
import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { Os } from '../os/os.ts';
import type { Process } from '../os/process.ts';
import type { Thread } from '../os/thread.ts';

/*
 * C13: a descriptor that a child inherits by accident.
 *
 * One thread duplicates a descriptor and marks the copy close-on-exec, in two calls. Another thread forks in between
 * and execs: its child holds the copy, and the pipe's end of file never comes.
 */

type Duplicate = (thread: Thread, fd: number) => Promise<number>;

const twoCalls: Duplicate = async (thread, fd) => {
  const copy = await thread.dup(fd);
  await thread.setCloseOnExec(copy); // <- a fork may have come first
  return copy;
};

/** Fixed: one call (F_DUPFD_CLOEXEC). */
const oneCall: Duplicate = (thread, fd) => thread.dup(fd, true); // <-

function inherit(duplicate: Duplicate): Body {
  return async (sim) => {
    const os = new Os(sim);
    const parent = os.boot('parent');
    await os.drive(parent, async () => {
      const [fd] = await parent.pipe();
      const { end } = parent.process.descriptors.get(fd, 'test');
      const execed = new Signal();
      let isDone = false;
      let hasBegun = false;
      let child: Process | undefined;
      const duplicating = os.thread(parent.process, 'dupper', async (thread) => {
        await thread.at('begin');
        hasBegun = true;
        await duplicate(thread, fd);
        isDone = true;
      });
      const forking = os.thread(parent.process, 'forker', async (thread) => {
        const pid = await thread.fork('child', async (own) => {
          await own.exec();
          execed.open();
          await own.pause();
        });
        sim.branch(isDone ? 'fork after' : hasBegun ? 'fork between' : 'fork before');
        child = os.find(pid);
      });
      await Promise.all([duplicating, forking]);
      await execed.promise;
      const leaked = child!.descriptors.holds(end);
      os.halt();
      invariant(!leaked, 'a child holds a descriptor that was not handed to it');
    });
    os.halt();
  };
}

export const C13 = defineCase({
  id: 'C13',
  title: 'Dup, then close-on-exec, against fork',
  source: 'S2.8',
  file: 'process/c13-dup-then-cloexec.ts',
  invariant: 'No child holds a descriptor that was not handed to it.',
  points: ['dupper:dup', 'dupper:setCloseOnExec', 'forker:fork', 'child:exec'],
  branches: ['fork before', 'fork between', 'fork after'],
  buggy: {
    'two calls': {
      body: inherit(twoCalls),
      fails: /not handed to it/,
      without: 'the atomic duplicate',
      forced: { script: ['dupper:dup', 'forker:fork', 'dupper:setCloseOnExec', 'child:exec'] },
    },
  },
  fixed: { 'one call': { exhaustive: true, body: inherit(oneCall) } },
});
