import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { ignoring } from '../os/errno.ts';
import { Os } from '../os/os.ts';
import type { Thread } from '../os/thread.ts';

/*
 * C33: a child in its parent's group.
 *
 * Some programs must not lead a group of their own (a shell on a terminal). For such a child there is no group of its
 * number, or there is one by accident, of strangers: a group outlives its leader, and its number with it. Killing
 * minus the pid is then ESRCH or murder. Such a child is killed alone.
 */

type Kill = (killer: Thread, pid: number, ownGroup: boolean) => Promise<void>;

const always: Kill = async (killer, pid) => {
  await ignoring('ESRCH', killer.kill(pid, 'SIGKILL'));
  await ignoring('ESRCH', killer.kill(-pid, 'SIGKILL')); // <- whose group is that?
};

/** Half a fix: the parent's group, then. That is the harness itself. */
const parentsGroup: Kill = async (killer, pid, ownGroup) => {
  await ignoring('ESRCH', killer.kill(pid, 'SIGKILL'));
  await ignoring('ESRCH', killer.kill(ownGroup ? -pid : 0, 'SIGKILL')); // <-
};

/** Fixed: no group, no group kill. */
const optOut: Kill = async (killer, pid, ownGroup) => {
  await ignoring('ESRCH', killer.kill(pid, 'SIGKILL'));
  if (ownGroup) await ignoring('ESRCH', killer.kill(-pid, 'SIGKILL')); // <-
};

function launch(kill: Kill, ownGroup: boolean): Body {
  return async (sim) => {
    const os = new Os(sim);
    const harness = os.boot('harness');
    // A group of strangers that is called like the child's number will be: they join it while the child runs.
    const stranger = os.boot('stranger');
    await os.drive(harness, async () => {
      const pid = await harness.fork('child', async (child) => {
        await child.fork('descendant', (own) => own.pause());
        await child.pause();
      });
      const child = os.find(pid)!;
      if (ownGroup) child.group = pid;
      const joining = sim.spawn('stranger', async () => {
        await sim.point('stranger:joins');
        if (!ownGroup) stranger.process.group = pid;
      });
      await harness.at('decide');
      await kill(harness, pid, ownGroup);
      await joining;
      const alive = stranger.process.isAlive;
      const left = os.alive.some(({ name }) => name === 'descendant');
      sim.branch(ownGroup ? 'own group' : 'opt-out');
      await harness.wait(pid);
      os.halt();
      invariant(alive, 'a stranger was killed');
      invariant(!(ownGroup && left), 'a member of the own group is left');
      invariant(child.received.join() === 'SIGKILL', 'the child was not killed');
    });
    invariant(sim.arrivals('harness:wait') > 0, 'the harness has killed itself');
    os.halt();
  };
}

const both: Body = async (sim) => {
  await launch(optOut, false)(sim);
  await launch(optOut, true)(sim);
};

export const C33 = defineCase({
  id: 'C33',
  title: "A child in its parent's group",
  source: 'S4.30',
  file: 'process/c33-parents-group.ts',
  invariant: 'Only the child gets a signal; the harness and strangers live.',
  points: ['harness:decide', 'harness:kill', 'stranger:joins'],
  branches: ['own group', 'opt-out'],
  buggy: {
    'the group, always': {
      body: launch(always, false),
      fails: /a stranger was killed/,
      without: 'the opt-out',
      forced: { script: ['stranger:joins', 'harness:decide', 'harness:kill', 'harness:kill'] },
    },
  },
  halfFixed: {
    "the parent's group": {
      body: launch(parentsGroup, false),
      fails: /killed itself/,
    },
  },
  fixed: { 'opt-out': { exhaustive: { preemptions: 1 }, body: both } },
});
