import type { Sim } from '../../src/index.ts';
import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { Os } from '../os/os.ts';
import {
  drainFirst,
  drainFirstKillAfter,
  start,
  waitKillDrain,
  waitThenDrain,
  type Waiting,
} from './wait-and-drain.ts';

/*
 * C15: the leader exits, and its descendants hold the pipe.
 *
 * End of file comes when the last write end is closed, and a descendant in the background has one. Whoever joins the
 * drain after the leader's exit waits for the descendant, however long it runs. The leader's exit must be the end of
 * its group. C17 is the other half; `wait-and-drain.ts` has the four ways side by side.
 */

/** What the leader's descendant does, if there is one. */
type Descendant = 'none' | 'exits' | 'stays';

async function family(sim: Sim, waiting: Waiting, descendant: Descendant): Promise<void> {
  const os = new Os(sim);
  const waiter = os.boot('waiter');
  await os.drive(waiter, async () => {
    let exited = false;
    const running = await start(os, waiter, async (leader, stdout) => {
      await leader.write(stdout, 'ab');
      if (descendant !== 'none') {
        await leader.fork('descendant', async (own) => {
          if (descendant === 'stays') await own.pause();
          await own.at('exit');
          exited = os.find(leader.pid)?.isAlive === true;
        });
      }
      await leader.at('exit');
      return 0;
    });
    const { code, output } = await waiting(waiter, running);
    if (descendant === 'none') sim.branch('no descendant');
    else sim.branch(exited ? 'descendant exits first' : 'descendant outlives');
    invariant(code === 0 && output === 'ab', 'the output of the leader is not complete');
    invariant(os.find(running.pid) === undefined, 'the leader was not reaped');
    os.halt();
  });
}

function families(waiting: Waiting, ...descendants: Descendant[]): Body {
  return async (sim) => {
    for (const descendant of descendants) await family(sim, waiting, descendant);
  };
}

export const C15 = defineCase({
  id: 'C15',
  title: 'Leader exits, descendants hold the pipe',
  source: 'S4.21, S4.24, D09',
  file: 'payload/c15-lingering-descendant.ts',
  invariant: 'The waiter returns after the exit of the leader, with all that the leader wrote.',
  points: ['leader:write', 'leader:fork', 'leader:exit', 'waiter:wait', 'waiter:kill', 'drain:read'],
  branches: ['no descendant', 'descendant exits first', 'descendant outlives'],
  buggy: {
    'wait, then drain': {
      body: families(waitThenDrain, 'stays'),
      fails: /^deadlock: .*waiter|^deadlock: .*main waits/,
    },
  },
  halfFixed: {
    'drain first': {
      body: families(drainFirst, 'stays'),
      fails: /^deadlock: .*drain waits/,
      without: 'the kill of the group',
      forced: { script: ['leader:write', 'leader:fork', 'leader:exit', 'waiter:wait'] },
    },
  },
  fixed: {
    'wait, kill the group, drain (but see C17)': {
      exhaustive: { preemptions: 2 },
      body: families(waitKillDrain, 'none', 'exits', 'stays'),
    },
    'drain first, kill after the exit': {
      exhaustive: { preemptions: 1 },
      body: families(drainFirstKillAfter, 'none', 'exits', 'stays'),
    },
  },
});
