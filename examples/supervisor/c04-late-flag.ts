import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { isErrno } from '../os/errno.ts';
import { Os } from '../os/os.ts';
import type { Process, Status } from '../os/process.ts';
import type { Thread } from '../os/thread.ts';

/*
 * C04: a flag that is set after it was read.
 *
 * A child that does not end on SIGTERM is killed by the escalator, which then raises a flag, so that the main thread
 * can warn: "did not respond to SIGTERM". But the kill wakes the main thread up: it reads the flag before the
 * escalator has come to raise it, and the warning is lost. Raised before the kill, the flag lies the other way round:
 * the child may end by itself in between.
 */

interface Shared {
  readonly child: Process;
  forceKilled: boolean;
  escalation: Promise<void>;
}

interface Supervisor {
  /** What the escalator does once it has decided to kill. */
  force(esc: Thread, shared: Shared): Promise<void>;
  /** Whether to warn. */
  classify(main: Thread, status: Status, shared: Shared): Promise<boolean>;
}

const kill = (esc: Thread, { child }: Shared): Promise<void> => esc.killHandle({ process: child }, 'SIGKILL');

async function readFlag(main: Thread, shared: Shared): Promise<boolean> {
  await main.at('readFlag');
  return shared.forceKilled;
}

const BUGGY: Supervisor = {
  async force(esc, shared) {
    await kill(esc, shared);
    await esc.at('setFlag'); // <- main may be further by now
    shared.forceKilled = true;
  },
  classify: (main, _status, shared) => readFlag(main, shared),
};

/** Half a fix: raised first. Now it may warn of a kill that met nobody. */
const SET_FIRST: Supervisor = {
  async force(esc, shared) {
    await esc.at('setFlag');
    shared.forceKilled = true; // <-
    await kill(esc, shared);
  },
  classify: BUGGY.classify,
};

/** Half a fix: main waits for the escalator. The flag still tells that a signal was sent, not that it killed. */
const JOINED: Supervisor = {
  force: BUGGY.force,
  async classify(main, _status, shared) {
    await shared.escalation; // <-
    return readFlag(main, shared);
  },
};

/** Fixed: the kernel knows what the child died of. No flag; nor does it matter what the escalator still does. */
const STATUS: Supervisor = {
  force: kill,
  async classify(main, status) {
    await main.at('classify');
    return status.signal === 'SIGKILL'; // <-
  },
};

function supervise({ force, classify }: Supervisor): Body {
  return async (sim) => {
    const os = new Os(sim);
    const supervisor = os.boot('main');
    const child = os.create('child', supervisor.process);
    const shared: Shared = { child, forceKilled: false, escalation: Promise.resolve() };
    // Deaf to SIGTERM from its first line on, and ends by itself some time.
    os.run(child, async (thread) => {
      await thread.sigaction('SIGTERM', 'ignore');
      await thread.at('exit');
    });
    let escalating = false;
    shared.escalation = os.thread(supervisor.process, 'esc', async (esc) => {
      try {
        await esc.killHandle({ process: child }, 'SIGTERM');
        await esc.at('decide');
        if (!child.isAlive) return;
        escalating = true;
        await force(esc, shared);
      } catch (error) {
        if (!isErrno(error, 'ESRCH')) throw error;
      }
    });
    await os.drive(supervisor, async (main) => {
      const status = await main.wait(child.pid);
      const warned = await classify(main, status, shared);
      await shared.escalation;
      if (status.signal === 'SIGTERM') sim.branch('graceful');
      else if (status.signal === 'SIGKILL') sim.branch('forced');
      else if (escalating) sim.branch('exit during escalation');
      const killed = status.signal === 'SIGKILL';
      invariant(warned || !killed, 'the child was killed, and nobody was warned');
      invariant(killed || !warned, 'a warning was printed, but the child had ended by itself');
    });
  };
}

export const C04 = defineCase({
  id: 'C04',
  title: 'Flag set after it was read',
  source: 'S3.5, S3.6',
  file: 'supervisor/c04-late-flag.ts',
  invariant: 'The warning is printed if and only if the child died of our SIGKILL.',
  points: ['esc:killHandle', 'esc:setFlag', 'main:wait', 'main:readFlag', 'main:classify'],
  branches: ['graceful', 'forced', 'exit during escalation'],
  buggy: {
    'kill, then set': {
      body: supervise(BUGGY),
      fails: /nobody was warned|had ended by itself/,
      forced: {
        script: ['child:sigaction', 'esc:killHandle', 'esc:decide', 'esc:killHandle', 'main:readFlag', 'esc:setFlag'],
      },
    },
  },
  halfFixed: {
    'set, then kill': {
      body: supervise(SET_FIRST),
      fails: /had ended by itself/,
      forced: {
        script: ['child:sigaction', 'esc:killHandle', 'esc:decide', 'esc:setFlag', 'child:exit', 'main:readFlag'],
      },
    },
    'join, but by the flag': {
      body: supervise(JOINED),
      fails: /had ended by itself/,
      without: 'the wait status',
      forced: {
        script: ['child:sigaction', 'esc:killHandle', 'esc:decide', 'child:exit', 'esc:killHandle', 'main:readFlag'],
      },
    },
  },
  fixed: { 'wait status': { exhaustive: true, body: supervise(STATUS) } },
});
