import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { isErrno } from '../os/errno.ts';
import { Os } from '../os/os.ts';
import type { Process } from '../os/process.ts';
import type { Thread } from '../os/thread.ts';

/*
 * C05: SIGINT before the pid is published.
 *
 * The supervisor installs its SIGINT handler, starts the child and stores its pid, in this order, so that "no Ctrl-C
 * can orphan the child". A SIGINT between the first and the last of these finds no pid and is forgotten: the child
 * never hears of it, and the supervisor waits for it for ever. A second Ctrl-C meets the default action, since the
 * handler was for one delivery: the supervisor dies and leaves the child behind.
 */

interface Shared {
  readonly os: Os;
  /** 0: no child yet, or no more. */
  pid: number;
  /** A SIGINT came while there was no pid. */
  pending: boolean;
}

interface Supervisor {
  readonly once: boolean;
  start(main: Thread, shared: Shared, spawn: () => Promise<number>, install: () => Promise<unknown>): Promise<void>;
}

const storePid = async (main: Thread, shared: Shared, pid: number): Promise<void> => {
  await main.at('storePid');
  shared.pid = pid;
};

const BUGGY: Supervisor = {
  once: true,
  async start(main, shared, spawn, install) {
    await install();
    const pid = await spawn(); // <- from here to the next line, SIGINT finds no pid
    await storePid(main, shared, pid);
  },
};

/** Half a fix: looks for a pending signal, but before the pid is stored. */
const EARLY_RECHECK: Supervisor = {
  once: false,
  async start(main, shared, spawn, install) {
    await install();
    const pid = await spawn();
    await main.at('recheck');
    if (shared.pending) forward(main, { ...shared, pid }); // <-
    await storePid(main, shared, pid);
  },
};

/** Fixed: publish, then look again. */
const RECHECK: Supervisor = {
  once: false,
  async start(main, shared, spawn, install) {
    await install();
    await storePid(main, shared, await spawn());
    if (shared.pending) forward(main, shared); // <-
  },
};

/** Fixed: no SIGINT is delivered until the pid is stored. */
const MASKED: Supervisor = {
  once: false,
  async start(main, shared, spawn, install) {
    await main.block('SIGINT'); // <-
    await install();
    await storePid(main, shared, await spawn());
    await main.unblock('SIGINT'); // <-
  },
};

function forward(main: Thread, { os, pid }: Pick<Shared, 'os' | 'pid'>): void {
  try {
    os.kill(main.process, pid, 'SIGTERM');
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error;
  }
}

/**
 * @param signals how often somebody presses Ctrl-C.
 * @param killTimeout virtual milliseconds after which a child that still runs is killed; 0 means never.
 */
export function supervise({ once, start }: Supervisor, signals: number, killTimeout = 0): Body {
  return async (sim) => {
    const os = new Os(sim);
    const supervisor = os.boot('main');
    const user = os.boot('user');
    const shared: Shared = { os, pid: 0, pending: false };
    let installed = false;
    let child: Process | undefined;
    let told = 0;

    const handler = (): void => {
      told++;
      if (told > 1) sim.branch('second signal');
      if (child === undefined) sim.branch('in the gap before the spawn');
      else if (shared.pid === 0 && child.isAlive) sim.branch('in the gap after the spawn');
      else if (child.isAlive) sim.branch('after the store');
      else sim.branch('after the exit');
      if (shared.pid === 0) shared.pending = true;
      else forward(supervisor, shared);
    };
    const forwarded = (): number => child?.received.filter((signal) => signal === 'SIGTERM').length ?? 0;
    const install = async (): Promise<void> => {
      await supervisor.sigaction('SIGINT', { run: handler, once, restart: true });
      installed = true;
    };
    const spawn = async (): Promise<number> => {
      const pid = await supervisor.fork('child', (thread) => thread.pause());
      child = os.find(pid);
      return pid;
    };
    const pressing = os.thread(user.process, 'user', async (thread) => {
      for (let i = 0; i < signals; i++) {
        await thread.at('sigint');
        if (!installed && supervisor.process.isAlive) sim.branch('before the handler');
        if (supervisor.process.state !== 'reaped') os.kill(user.process, supervisor.pid, 'SIGINT');
      }
    });
    await os.drive(supervisor, async (thread) => {
      await start(thread, shared, spawn, install);
      invariant(forwarded() <= told, 'SIGTERM was sent before SIGINT came');
      const { pid } = shared;
      if (killTimeout > 0) {
        void os.thread(supervisor.process, 'esc', async (esc) => {
          await esc.sleep(killTimeout);
          if (child!.isAlive) await esc.kill(pid, 'SIGKILL');
        });
      }
      await thread.wait(pid);
      shared.pid = 0;
    });
    await pressing;
    const orphaned = child?.isAlive === true;
    os.halt();
    invariant(!orphaned, 'the supervisor is dead and its child runs on');
    invariant(forwarded() <= told, 'SIGTERM was sent more often than SIGINT came');
  };
}

export const SLOW_NOT_HUNG = supervise({ ...BUGGY, once: false }, 1, 50);

export const C05 = defineCase({
  id: 'C05',
  title: 'SIGINT before the pid is published',
  source: 'S3.7 to S3.9',
  file: 'supervisor/c05-unpublished-pid.ts',
  invariant: 'A SIGINT that comes while the child runs ends the child; nobody hangs, nobody is orphaned.',
  points: ['main:sigaction', 'main:fork', 'main:storePid', 'main:wait', 'user:sigint'],
  branches: [
    'before the handler',
    'in the gap before the spawn',
    'in the gap after the spawn',
    'after the store',
    'after the exit',
    'second signal',
  ],
  buggy: {
    'one SIGINT: hang': {
      body: supervise(BUGGY, 1),
      fails: /^deadlock: .*main waits/,
      without: 'the re-check',
      forced: { script: ['main:sigaction', 'user:sigint', 'main:fork', 'main:storePid', 'main:wait'] },
    },
    'two SIGINTs: orphan': {
      body: supervise(BUGGY, 2),
      fails: /its child runs on/,
      forced: { script: ['main:sigaction', 'user:sigint', 'main:fork', 'main:storePid', 'user:sigint'] },
    },
  },
  halfFixed: {
    're-check before the store': {
      body: supervise(EARLY_RECHECK, 1),
      fails: /^deadlock: .*main waits/,
      without: 'the order of store and re-check',
      forced: { script: ['main:fork', 'main:recheck', 'user:sigint', 'main:storePid', 'main:wait'] },
    },
  },
  fixed: {
    're-check after the store': { exhaustive: true, body: supervise(RECHECK, 2) },
    mask: {
      exhaustive: true,
      body: supervise(MASKED, 2),
      branches: ['before the handler', 'after the store', 'after the exit', 'second signal'],
    },
  },
});
