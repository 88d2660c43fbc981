import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { Os } from '../os/os.ts';
import type { Thread } from '../os/thread.ts';

/*
 * C32: a descendant that leaves the group.
 *
 * A group kill ends a group. A descendant that calls setsid before it arrives is in no group of ours, lives on, and
 * holds the pipe: the drain never ends. That is a limit of process groups, not a bug; what can be fixed is the drain,
 * which must not wait without end for somebody who cannot be killed.
 */

const GRACE = 50;

type Drain = (drainer: Thread, fd: number) => Promise<'end of file' | 'given up'>;

const toTheEnd: Drain = async (drainer, fd) => {
  while ((await drainer.read(fd)) !== ''); // <- he who escaped decides when
  return 'end of file';
};

/** Fixed: after the kill it waits a little, not for ever. */
const withGrace: Drain = async (drainer, fd) => {
  const end = drainer.os.sim.now() + GRACE;
  for (;;) {
    const left = end - drainer.os.sim.now();
    if (!(await drainer.poll(fd, left))) return 'given up'; // <-
    if ((await drainer.read(fd)) === '') return 'end of file';
  }
};

function escape(drain: Drain): Body {
  return async (sim) => {
    const os = new Os(sim);
    const parent = os.boot('parent');
    await os.drive(parent, async () => {
      const [read, write] = await parent.pipe();
      const pid = await parent.fork('leader', async (leader) => {
        await leader.write(write, 'x');
        await leader.fork('descendant', async (own) => {
          await own.setsid();
          await own.pause();
        });
        await leader.pause();
      });
      os.find(pid)!.group = pid;
      await parent.close(write);
      await parent.at('decide');
      await parent.kill(-pid, 'SIGKILL');
      const escaped = os.alive.some(({ name, group }) => name === 'descendant' && group !== pid);
      const outcome = await drain(parent, read);
      const { writers } = parent.process.descriptors.get(read, 'test').end.pipe;
      sim.branch(escaped ? 'escaped' : 'not escaped');
      await parent.wait(pid);
      os.halt();
      invariant(outcome === 'given up' || writers === 0, 'told the end of file while somebody held the pipe');
      invariant(outcome === 'end of file' || escaped, 'gave up although nobody held the pipe');
    });
  };
}

export const C32 = defineCase({
  id: 'C32',
  title: 'Group escape',
  source: 'S4.33',
  file: 'process/c32-group-escape.ts',
  invariant: 'The drain ends, whether somebody has left the group or not.',
  points: ['descendant:setsid', 'parent:kill', 'parent:read'],
  branches: ['escaped', 'not escaped'],
  options: { time: 'idle' },
  buggy: {
    'drained to the end': {
      body: escape(toTheEnd),
      fails: /^deadlock: .*main waits/,
      without: 'the grace period',
      forced: { script: ['leader:fork', 'descendant:setsid', 'parent:kill', 'parent:read'] },
    },
  },
  fixed: { 'a grace period': { exhaustive: true, body: escape(withGrace) } },
});
