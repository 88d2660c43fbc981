import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { ignoring } from '../os/errno.ts';
import { Os } from '../os/os.ts';

/*
 * C14: killing a process group in the window before exec.
 *
 * A child is forked, makes itself the leader of a group, execs, and later forks a descendant. A group kill before the
 * second of these meets nobody. A kill of the leader alone leaves the descendant, which holds the pipes. So both are
 * sent; and the order matters, which a review did not see: group first, the child can become a leader and fork
 * between the two. Leader first, nobody is left to fork, and the group is hit as a whole.
 */

/** @param send SIGKILL to a process, or to a group if the number is negative; nobody there is no error. */
type Kill = (send: (target: number) => Promise<void>, pid: number) => Promise<void>;

const groupOnly: Kill = (send, pid) => send(-pid); // <- no such group yet
const leaderOnly: Kill = (send, pid) => send(pid); // <- and its descendants?

/** Half a fix. */
const groupThenLeader: Kill = async (send, pid) => {
  await send(-pid);
  await send(pid); // <- it may have forked since
};

/** Fixed: who is dead does not fork. Its number stays taken until it is reaped, after this. */
const leaderThenGroup: Kill = async (send, pid) => {
  await send(pid); // <-
  await send(-pid);
};

function tree(kill: Kill): Body {
  return async (sim) => {
    const os = new Os(sim);
    const parent = os.boot('parent');
    const pid = os.nextPid;
    await os.drive(parent, (thread) =>
      thread.fork('child', async (child) => {
        await child.setpgid();
        await child.exec();
        await child.fork('descendant', (own) => own.at('work'));
        await child.at('exit');
      }),
    );
    const reaping = os.thread(parent.process, 'reaper', (thread) => thread.wait(pid));
    await os.thread(parent.process, 'killer', async (killer) => {
      await killer.at('decide');
      const hit: number[] = [];
      const send = async (target: number): Promise<void> => {
        if (
          (await ignoring(
            'ESRCH',
            killer.kill(target, 'SIGKILL').then(() => true),
          )) === true
        )
          hit.push(target);
      };
      await kill(send, pid);
      sim.branch(hit.includes(-pid) ? 'group hit' : hit.includes(pid) ? 'group ESRCH, leader hit' : 'both ESRCH');
      const left = os.alive.filter(({ name }) => name === 'child' || name === 'descendant').map(({ name }) => name);
      os.halt();
      invariant(left.length === 0, `survived the kill: ${left.join(' and ')}`);
    });
    await reaping;
  };
}

export const C14 = defineCase({
  id: 'C14',
  title: 'Group kill in the window before exec',
  source: 'S4.28 to S4.30',
  file: 'process/c14-group-kill.ts',
  invariant: 'After the kill nobody of the tree is alive.',
  points: ['child:setpgid', 'child:exec', 'child:fork', 'killer:kill'],
  branches: ['group hit', 'group ESRCH, leader hit', 'both ESRCH'],
  buggy: {
    'group only': {
      body: tree(groupOnly),
      fails: /survived the kill: child/,
      without: 'the kill of the leader',
      forced: { script: ['killer:kill', 'child:setpgid'] },
    },
    'leader only': {
      body: tree(leaderOnly),
      fails: /survived the kill: descendant/,
      without: 'the kill of the group',
      forced: { script: ['child:fork', 'killer:kill', 'descendant:work'] },
    },
  },
  halfFixed: {
    'group, then leader': {
      body: tree(groupThenLeader),
      fails: /survived the kill: descendant/,
      without: 'the order of the kills',
      forced: {
        script: ['killer:kill', 'child:setpgid', 'child:exec', 'child:fork', 'killer:kill', 'descendant:work'],
      },
    },
  },
  fixed: { 'leader, then group': { exhaustive: { preemptions: 3 }, body: tree(leaderThenGroup) } },
});
