import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { Os } from '../os/os.ts';
import {
  drainFirst,
  drainFirstKillAfter,
  start,
  timed,
  waitKillDrain,
  waitThenDrain,
  type Waiting,
} from './wait-and-drain.ts';

/*
 * C17: waiting for the exit before the drain has begun.
 *
 * A child that writes more than a pipe holds does not exit until somebody reads. Whoever waits for its exit first waits
 * for ever. The remedy for C15, kill the group after the exit and then drain, has exactly that defect; the remedy for
 * this case, drain first and join, has C15's. Each looks right in review and passes its own test. Exploring both
 * cases with all four leaves one: drain from the start, kill after the exit. With a deadline the hang is hidden: the
 * program is killed, its output cut, and it is said to be late, though it was never slow.
 */

const CAPACITY = 4;

function writing(waiting: Waiting, bytes: number, hasDescendant = false): Body {
  return async (sim) => {
    const os = new Os(sim, { pipeCapacity: CAPACITY });
    const waiter = os.boot('waiter');
    await os.drive(waiter, async () => {
      const text = 'x'.repeat(bytes);
      const running = await start(os, waiter, async (leader, stdout) => {
        if (hasDescendant) await leader.fork('descendant', (own) => own.pause());
        await leader.write(stdout, text);
        return 0;
      });
      const { code, output, isLate } = await waiting(waiter, running);
      sim.branch(bytes > CAPACITY ? 'overflows' : 'fits');
      if (hasDescendant) sim.branch('overflows, with a descendant');
      if (isLate === false) sim.branch('in time');
      invariant(isLate !== true, 'said to be late, though only its pipe was full');
      invariant(code === 0 && output === text, 'the output is not complete');
      invariant(os.find(running.pid) === undefined, 'the leader was not reaped');
      os.halt();
    });
  };
}

const everySize: Body = async (sim) => {
  await writing(drainFirstKillAfter, CAPACITY)(sim);
  await writing(drainFirstKillAfter, CAPACITY + 1)(sim);
  await writing(drainFirstKillAfter, 2 * CAPACITY + 1, true)(sim);
};

export const C17 = defineCase({
  id: 'C17',
  title: 'Wait before drain',
  source: 'D04 to D07, S4.21',
  file: 'payload/c17-wait-before-drain.ts',
  invariant: 'Waiting ends for every amount of output, with all of it, whoever else holds the pipe.',
  points: ['leader:write', 'waiter:wait', 'waiter:watch', 'waiter:kill', 'drain:read'],
  branches: ['fits', 'overflows', 'overflows, with a descendant'],
  buggy: {
    'wait, then drain': {
      body: writing(waitThenDrain, CAPACITY + 1),
      fails: /^deadlock: .*leader waits/,
      forced: { script: ['leader:write', 'waiter:wait'] },
    },
    'wait until the deadline, then drain': {
      body: writing(timed(waitThenDrain), CAPACITY + 1),
      fails: /said to be late/,
      // The deadline is far away: whoever meets it has come to nothing else.
      options: { time: 'idle' },
      without: 'the drain from the start, in a timed run',
    },
  },
  halfFixed: {
    'wait, kill the group, drain': {
      body: writing(waitKillDrain, CAPACITY + 1),
      fails: /^deadlock: .*leader waits/,
      without: 'the drain from the start',
    },
    'drain first, join': {
      body: writing(drainFirst, CAPACITY + 1, true),
      fails: /^deadlock: .*drain waits/,
      without: 'the kill after the exit',
    },
  },
  fixed: {
    'drain first, kill after the exit': { exhaustive: { preemptions: 1 }, body: everySize },
    'drain first, kill after the exit, in a timed run': {
      exhaustive: { preemptions: 1 },
      body: writing(timed(drainFirstKillAfter), CAPACITY + 1),
      branches: ['overflows', 'in time'],
      options: { time: 'idle' },
    },
  },
});
