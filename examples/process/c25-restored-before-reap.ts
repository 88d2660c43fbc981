import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { isErrno } from '../os/errno.ts';
import { Os } from '../os/os.ts';
import type { Status } from '../os/process.ts';
import type { Thread } from '../os/thread.ts';

/*
 * C25: the disposition is restored before the child is reaped.
 *
 * Init ignores SIGCHLD, so the kernel reaps its children by itself and nobody learns their status. A handle therefore
 * sets the default while its child lives. If it restores before it has waited, and the child dies in between, the
 * status is gone and the wait fails with ECHILD.
 */

type LetGo = (owner: Thread, pid: number) => Promise<Status>;

const restoreFirst: LetGo = async (owner, pid) => {
  await owner.kill(pid, 'SIGTERM');
  await owner.sigaction('SIGCHLD', 'ignore'); // <- a child that dies now is reaped by the kernel
  return owner.wait(pid);
};

/** Fixed: reaped, then restored. */
const reapFirst: LetGo = async (owner, pid) => {
  await owner.kill(pid, 'SIGTERM');
  const status = await owner.wait(pid);
  await owner.sigaction('SIGCHLD', 'ignore'); // <-
  return status;
};

function handle(letGo: LetGo): Body {
  return async (sim) => {
    const os = new Os(sim);
    const owner = os.boot('owner');
    await os.drive(owner, async () => {
      await owner.sigaction('SIGCHLD', 'default');
      const pid = await owner.fork('child', async (child) => {
        // Ends in its own time when it is told to.
        await child.sigaction('SIGTERM', { run: () => undefined, restart: true });
        await child.at('exit');
        return 7;
      });
      await owner.at('drop');
      const child = os.find(pid)!;
      sim.branch(child.isAlive ? 'alive at drop' : 'dead at drop');
      try {
        const status = await letGo(owner, pid);
        invariant(status.code === 7 || status.signal === 'SIGTERM', 'the wrong status');
        if (child.received.includes('SIGTERM')) sim.branch('told to end');
        invariant(owner.process.dispositions.get('SIGCHLD') === 'ignore', 'the disposition was not restored');
      } catch (error) {
        invariant(!isErrno(error, 'ECHILD'), 'the status of the child is lost');
        throw error;
      }
    });
  };
}

export const C25 = defineCase({
  id: 'C25',
  title: 'Disposition restored before the reap',
  source: 'S4.27, S4.60, T88',
  file: 'process/c25-restored-before-reap.ts',
  invariant: 'The reap returns the real status.',
  points: ['owner:drop', 'owner:sigaction', 'owner:wait', 'child:exit'],
  branches: ['alive at drop', 'dead at drop', 'told to end'],
  buggy: {
    'restored first': {
      body: handle(restoreFirst),
      fails: /is lost/,
      without: 'the order of reap and restore',
      forced: {
        script: [
          'owner:sigaction',
          'child:sigaction',
          'owner:drop',
          'owner:kill',
          'owner:sigaction',
          'child:exit',
          'owner:wait',
        ],
      },
    },
  },
  fixed: { 'reaped first': { exhaustive: true, body: handle(reapFirst) } },
});
