import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { Os } from '../os/os.ts';
import { launch, PID_MS, SOUND, type Fate, type Shape } from './handshake.ts';

/*
 * C21: a child that dies before it has written its pid.
 *
 * The parent must keep a write end of the notify pipe open (C20), so a dead child is no end of file: a read waits for
 * ever. Hence a poll with a deadline. But one that falls through to the read when it is interrupted, or that is made
 * once and then reads what may be half a pid, waits for ever again.
 */

function dying(shape: Shape, fate: Fate, isInterrupted = false): Body {
  return async (sim) => {
    const os = new Os(sim);
    const main = os.boot('main');
    await os.drive(main, async () => {
      if (isInterrupted) await main.sigaction('SIGUSR1', { run: () => undefined });
      const killed = sim.spawn('killer', async () => {
        await sim.point('killer:strikes');
        const victim = os.alive.find(({ name }) => name === 'child');
        if (victim !== undefined && victim.execs === 0) os.deliver(victim, 'SIGKILL');
      });
      const interrupting = sim.spawn('interrupter', async () => {
        await sim.point('interrupter:strikes');
        if (isInterrupted) os.deliver(main.process, 'SIGUSR1');
      });
      try {
        await launch(os, main, shape, fate);
        sim.branch(sim.now() >= PID_MS ? 'pid at the deadline' : 'pid arrives');
      } catch (error) {
        const { message } = error as Error;
        invariant(main.process.children.size === 0, 'a dead child was not reaped');
        if (message.startsWith('no pid in time')) sim.branch(fate.inPieces === true ? 'half a pid' : 'died silently');
      }
      if (fate.spawnerPanics === true) {
        sim.branch('spawner broke');
        invariant(sim.now() < PID_MS, 'the parent waited for a child that never was');
      }
      invariant(sim.now() <= PID_MS, 'the parent waited longer than its deadline');
      await Promise.all([killed, interrupting]);
      os.halt();
    });
  };
}

const slow: Fate = { early: (child) => child.sleep(PID_MS) };

export const C21 = defineCase({
  id: 'C21',
  title: 'Death before the pid is written',
  source: 'S4.54, D12, D14',
  file: 'process/c21-silent-death.ts',
  invariant: 'The parent has its pid or an error by 5000 ms, whatever happens.',
  points: ['main:poll', 'main:read', 'child:write', 'killer:strikes', 'interrupter:strikes'],
  branches: ['pid arrives', 'died silently'],
  options: { time: 'idle' },
  buggy: {
    'a read without a deadline': {
      body: dying({ ...SOUND, polls: false }, {}),
      fails: /^deadlock: .*main waits/,
      without: 'the deadline',
      forced: { script: ['spawner:fork', 'killer:strikes'] },
    },
  },
  halfFixed: {
    'an interrupted poll falls through to the read': {
      body: dying({ ...SOUND, pollsAgain: false }, {}, true),
      fails: /^deadlock: .*main waits/,
      without: 'polling again after an interruption',
    },
    'one poll, then half a pid': {
      body: dying({ ...SOUND, pollsAgain: false }, { inPieces: true }),
      options: { runs: 10_000 },
      fails: /^deadlock: .*main waits/,
      without: 'the deadline for every piece',
    },
  },
  fixed: {
    'a broken spawner': {
      exhaustive: { preemptions: 3 },
      body: dying(SOUND, { spawnerPanics: true }),
      branches: ['spawner broke'],
    },
    'a deadline for every piece': { exhaustive: { preemptions: 1 }, body: dying(SOUND, {}, true) },
    'half a pid': {
      exhaustive: { preemptions: 1 },
      body: dying(SOUND, { inPieces: true }, true),
      branches: ['pid arrives', 'half a pid'],
    },
    'at the deadline': {
      exhaustive: { preemptions: 1 },
      body: dying(SOUND, slow),
      branches: ['pid at the deadline', 'died silently'],
    },
  },
});
