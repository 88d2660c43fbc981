import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { ignoring } from '../os/errno.ts';
import { Os } from '../os/os.ts';
import type { Thread } from '../os/thread.ts';

/*
 * C37: the group is killed after its leader was reaped.
 *
 * The waiter reaps the leader and then kills what may be left of its group, by number. With a descendant alive the
 * number stays taken, for the group is called so. Without one it is free: a stranger may have it by then, and dies.
 * The exit must be seen without reaping, the group killed, and only then reaped.
 */

type WaitAndKill = (waiter: Thread, pid: number) => Promise<unknown>;

const killGroup = async (waiter: Thread, pid: number): Promise<void> => {
  for (const target of [-pid, pid]) await ignoring('ESRCH', waiter.kill(target, 'SIGKILL'));
};

const reapFirst: WaitAndKill = async (waiter, pid) => {
  await waiter.wait(pid);
  await killGroup(waiter, pid); // <- the number may be somebody else's
};

/** Half a fix: only the group is killed after the reap. A stranger may lead a group of this number, too. */
const groupAfterReap: WaitAndKill = async (waiter, pid) => {
  await waiter.wait(pid);
  await ignoring('ESRCH', waiter.kill(-pid, 'SIGKILL')); // <-
};

/** Fixed: seen, killed, reaped. */
const reapLast: WaitAndKill = async (waiter, pid) => {
  await waiter.watch(pid); // <-
  await killGroup(waiter, pid);
  await waiter.wait(pid);
};

function waiting(waitAndKill: WaitAndKill): Body {
  return async (sim) => {
    const os = new Os(sim);
    const waiter = os.boot('waiter');
    await os.drive(waiter, async () => {
      const pid = await waiter.fork('leader', async (leader) => {
        await leader.fork('descendant', (own) => own.at('exit'));
        await leader.at('exit');
      });
      const leader = os.find(pid)!;
      leader.group = pid;
      // Programs start all the time; one of them is given this number if it is free.
      let stranger: Thread | undefined;
      const starting = sim.spawn('other', async () => {
        await sim.point('other:starts');
        os.nextPid = pid;
        stranger = os.boot('stranger');
      });
      await waitAndKill(waiter, pid);
      const left = os.alive.some(({ name }) => name === 'descendant');
      const descendant = os.members(pid).length > 0 || sim.departures('descendant:exit') === 0;
      sim.branch(descendant ? 'with descendants' : 'without descendants');
      await starting;
      const alive = stranger!.process.isAlive;
      os.halt();
      invariant(alive, 'a stranger was killed');
      invariant(leader.status?.signal === null, 'the leader was killed while it ran');
      invariant(!left, 'a descendant is left');
      invariant(leader.state === 'reaped', 'the leader was not reaped');
    });
  };
}

export const C37 = defineCase({
  id: 'C37',
  title: 'Signal after the reap',
  source: 'D10',
  file: 'process/c37-signal-after-reap.ts',
  invariant: 'A signal reaches only the group that it was meant for.',
  points: ['leader:exit', 'descendant:exit', 'waiter:wait', 'waiter:watch', 'waiter:kill', 'other:starts'],
  branches: ['with descendants', 'without descendants'],
  buggy: {
    'reaped first': {
      body: waiting(reapFirst),
      fails: /a stranger was killed/,
      without: 'seeing the exit without reaping',
      forced: {
        script: ['leader:fork', 'descendant:exit', 'leader:exit', 'waiter:wait', 'other:starts', 'waiter:kill'],
      },
    },
  },
  halfFixed: {
    'the group only, after the reap': { body: waiting(groupAfterReap), fails: /a stranger was killed/ },
  },
  fixed: { 'seen, killed, reaped': { exhaustive: true, body: waiting(reapLast) } },
});
