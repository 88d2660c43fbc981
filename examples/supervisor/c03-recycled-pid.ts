import { Mutex } from 'async-mutex';
import type { Sim } from '../../src/index.ts';
import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { isErrno } from '../os/errno.ts';
import { Os } from '../os/os.ts';
import type { Process } from '../os/process.ts';
import type { PidHandle, Thread } from '../os/thread.ts';
import { Inbox } from './inbox.ts';

/*
 * C03: SIGKILL to a recycled pid.
 *
 * A supervisor starts a child. Its escalator loads the child's pid and sends SIGKILL; its main thread waits for the
 * child. Between load and kill the child may exit and be reaped; its number is free then, somebody else gets it, and
 * dies of a signal that was never meant for it.
 */

/** What the threads of the supervisor share. */
interface Shared {
  readonly sim: Sim;
  readonly child: Process;
  /** The pid as the escalator finds it; 0 for none. */
  pid: number;
  readonly handle: PidHandle;
  readonly lock: Mutex;
  readonly inbox: Inbox<'deadline' | 'exited'>;
}

interface Supervisor {
  readonly main: (main: Thread, shared: Shared) => Promise<unknown>;
  readonly escalator: (esc: Thread, shared: Shared) => Promise<unknown>;
}

/** Load, then kill: two moments. */
const BUGGY: Supervisor = {
  main: (main, { pid }) => main.wait(pid),
  async escalator(esc, shared) {
    await esc.at('loadPid');
    const { pid } = shared;
    await kill(shared, () => esc.kill(pid, 'SIGKILL')); // <- the child may be long gone
  },
};

/** Half a fix: the cell is cleared before the reap, but who has loaded it already does not notice. */
const CLEARED: Supervisor = {
  async main(main, shared) {
    await main.watch(shared.pid);
    const { pid } = shared;
    shared.pid = 0; // <-
    await main.wait(pid);
  },
  async escalator(esc, shared) {
    await esc.at('loadPid');
    const { pid } = shared;
    if (pid === 0) shared.sim.branch('skip reaped');
    else await kill(shared, () => esc.kill(pid, 'SIGKILL'));
  },
};

/** Fixed: load and kill are one critical section, reap and clear are another one of the same lock. */
const LOCKED: Supervisor = {
  async main(main, shared) {
    await main.watch(shared.pid);
    // <-
    await shared.lock.runExclusive(async () => {
      await main.wait(shared.pid);
      shared.pid = 0;
    });
  },
  escalator: (esc, shared) =>
    // <-
    shared.lock.runExclusive(async () => {
      await esc.at('loadPid');
      const { pid } = shared;
      if (pid === 0) shared.sim.branch('skip reaped');
      else await kill(shared, () => esc.kill(pid, 'SIGKILL'));
    }),
};

/** Fixed: an identity instead of a number. */
const HANDLE: Supervisor = {
  main: BUGGY.main,
  async escalator(esc, shared) {
    await esc.at('loadPid');
    await kill(shared, () => esc.killHandle(shared.handle, 'SIGKILL')); // <-
  },
};

/** Fixed: one loop owns the child; nobody else kills or reaps. */
const OWNER: Supervisor = {
  async main(main, shared) {
    const { pid, inbox } = shared;
    void main.os.thread(main.process, 'watcher', async (watcher) => {
      await watcher.watch(pid);
      inbox.post('exited');
    });
    let reaped = false;
    for (let events = 0; events < 2; events++) {
      if ((await inbox.next()) === 'exited') {
        await main.tryWait(pid);
        reaped = true; // <-
      } else if (reaped) shared.sim.branch('skip reaped');
      else await kill(shared, () => main.kill(pid, 'SIGKILL'));
    }
  },
  async escalator(esc, { inbox }) {
    await esc.at('loadPid');
    inbox.post('deadline');
  },
};

/** Kills, and notes whom it met. */
async function kill({ sim, child }: Shared, send: () => Promise<void>): Promise<void> {
  try {
    await send();
    sim.branch(child.received.includes('SIGKILL') ? 'kill live' : 'kill zombie');
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error;
    sim.branch('skip reaped');
  }
}

function supervise({ main, escalator }: Supervisor): Body {
  return async (sim) => {
    const os = new Os(sim);
    const supervisor = os.boot('main');
    const child = os.create('child', supervisor.process);
    const { pid } = child;
    const shared: Shared = { sim, child, pid, handle: { process: child }, lock: new Mutex(), inbox: new Inbox() };
    os.run(child, (thread) => thread.at('exit'));
    const escalating = os.thread(supervisor.process, 'esc', (thread) => escalator(thread, shared));
    // Somebody else starts a program; it gets the child's number if that is free.
    let victim: Thread | undefined;
    const other = sim.spawn('other', async () => {
      await sim.point('os:spawnVictim');
      os.nextPid = pid;
      victim = os.boot('victim');
    });
    await os.drive(supervisor, (thread) => main(thread, shared));
    await Promise.all([escalating, other]);
    invariant(victim!.process.isAlive, 'SIGKILL hit a process that it was not meant for');
    invariant(supervisor.process.isAlive, 'the supervisor has killed itself');
    invariant(child.state === 'reaped', 'the child was not reaped');
  };
}

export const C03 = defineCase({
  id: 'C03',
  title: 'SIGKILL to a recycled pid',
  source: 'S3.3, S3.4',
  file: 'supervisor/c03-recycled-pid.ts',
  invariant: 'A signal reaches only the process that it was meant for.',
  points: ['esc:loadPid', 'esc:kill', 'child:exit', 'main:wait', 'os:spawnVictim'],
  branches: ['kill live', 'kill zombie', 'skip reaped'],
  buggy: {
    'pid in a shared cell': {
      body: supervise(BUGGY),
      fails: /not meant for/,
      without: 'the identity handle',
      forced: { script: ['esc:loadPid', 'child:exit', 'main:wait', 'os:spawnVictim', 'esc:kill'] },
    },
  },
  halfFixed: {
    'cell cleared before the reap': {
      body: supervise(CLEARED),
      fails: /not meant for/,
      without: 'the lock around load and kill',
      forced: { script: ['main:watch', 'esc:loadPid', 'child:exit', 'main:wait', 'os:spawnVictim', 'esc:kill'] },
    },
  },
  fixed: {
    lock: { exhaustive: true, body: supervise(LOCKED) },
    handle: { exhaustive: true, body: supervise(HANDLE) },
    owner: { exhaustive: true, body: supervise(OWNER) },
  },
});
