import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { Os } from '../os/os.ts';
import { launch, PID_MS, SOUND, type Shape } from './handshake.ts';

/*
 * C35: a fork after the handshake gave up.
 *
 * The spawner is slow: the parent's wait for the pid ends, the pipes are closed, an error is returned. Then the
 * spawner forks, with descriptor numbers that are somebody else's by now: its child writes its pid into a pipe that
 * has nothing to do with it. A token that is looked at before the fork is a check and an act; both must be under one
 * lock with giving up.
 */

/** @param slow when the spawner comes to its fork, in virtual milliseconds. */
function late(shape: Shape, slow: number): Body {
  return async (sim) => {
    const os = new Os(sim);
    const main = os.boot('main');
    await os.drive(main, async () => {
      // Another thread opens a pipe at about that time, as threads do, and gets the numbers that are free.
      let isForeign = false;
      const other = os.thread(main.process, 'other', async (thread) => {
        await thread.sleep(PID_MS);
        const [fd] = await thread.pipe();
        const { pipe } = main.process.descriptors.get(fd, 'test').end;
        await thread.sleep(10);
        isForeign = pipe.length > 0;
      });
      try {
        await launch(os, main, shape, { beforeFork: (spawner) => spawner.sleep(slow) });
        sim.branch('forked in time');
      } catch {
        sim.branch('given up');
      }
      await other;
      os.halt();
      invariant(!isForeign, "a child wrote into somebody else's pipe");
    });
  };
}

const either: Body = async (sim) => {
  await late(SOUND, PID_MS - 1)(sim);
  await late(SOUND, PID_MS)(sim);
};

export const C35 = defineCase({
  id: 'C35',
  title: 'Fork after the handshake gave up',
  source: 'D13',
  file: 'process/c35-late-fork.ts',
  invariant: "No child touches descriptors that are somebody else's.",
  points: ['spawner:sleep', 'spawner:fork', 'main:close', 'other:pipe', 'child:write'],
  branches: ['forked in time', 'given up'],
  options: { time: 'elastic' },
  buggy: {
    'nobody looks': {
      body: late({ ...SOUND, looksAtToken: false }, PID_MS), // <-
      fails: /somebody else's pipe|^deadlock: .*child waits/,
      without: 'the token',
      // All four ends are closed, and their numbers are another's, before the spawner comes to its fork.
      forced: {
        script: ['main:close', 'main:close', 'main:close', 'main:close', 'other:pipe', 'spawner:fork'],
      },
    },
  },
  halfFixed: {
    'a token, looked at before the fork': {
      body: late({ ...SOUND, locksToken: false }, PID_MS), // <-
      fails: /somebody else's pipe|^deadlock: .*child waits/,
      without: 'the lock around token and fork',
    },
  },
  fixed: {
    'a token under a lock': { body: either },
    'a token under a lock, of a launch that is given up': {
      exhaustive: { preemptions: 1 },
      body: late(SOUND, PID_MS),
      branches: ['given up', 'forked in time'],
    },
  },
});
