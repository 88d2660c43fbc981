import type { Sim } from '../../src/index.ts';
import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { Os } from '../os/os.ts';

/*
 * C36: a kill before there is anybody to be killed.
 *
 * A test starts a shell that puts a program in the background, kills the group, and checks that nobody is left. But
 * the kill comes before the shell has forked: the group has one member, and the test shows nothing about descendants,
 * 50 times of 50. The kill must be held until the fork; and the other order is worth a run of its own.
 */

const BRANCHES = ['kill before the fork', 'kill after the fork'] as const;

const killsGroup: Body = async (sim) => {
  const os = new Os(sim);
  const test = os.boot('test');
  await os.drive(test, async () => {
    const pid = await test.fork('shell', async (shell) => {
      await shell.exec();
      await shell.fork('descendant', (own) => own.pause());
      await sim.point('descendant:forked');
      await shell.pause();
    });
    os.find(pid)!.group = pid;
    await sim.point('test:kill');
    const members = os.members(pid).length;
    sim.branch(BRANCHES[members - 1]!);
    await test.kill(-pid, 'SIGKILL');
    const left = os.members(pid).filter(({ isAlive }) => isAlive).length;
    invariant(left === 0, 'somebody of the group is left');
    await test.wait(pid);
  });
};

/** Fixed: the kill waits until there is somebody to be killed. */
const afterTheFork = (sim: Sim): void => void sim.hold('test:kill').until(() => sim.arrivals('descendant:forked') > 0); // <-

export const C36 = defineCase({
  id: 'C36',
  title: 'Kill before the descendant exists',
  source: 'T75, T76, D17',
  file: 'process/c36-vacuous-kill.ts',
  invariant: 'Nobody of the group is left, and there was somebody.',
  points: ['shell:exec', 'shell:fork', 'descendant:forked', 'test:kill'],
  branches: BRANCHES,
  buggy: {
    'killed at once': {
      body: killsGroup,
      options: { strategy: 'natural', branches: ['kill after the fork', 'kill before the fork'] },
      fails: /^vacuous: The branch 'kill after the fork' was never taken/,
      without: 'the gate',
    },
  },
  fixed: {
    'held until the fork': {
      body(sim) {
        afterTheFork(sim);
        return killsGroup(sim);
      },
      branches: ['kill after the fork'],
      options: { strategy: 'natural' },
    },
    'explored, both orders': { exhaustive: true, body: killsGroup },
  },
});
