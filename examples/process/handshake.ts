import { Mutex } from 'async-mutex';
import type { Os } from '../os/os.ts';
import { isErrno, restarting } from '../os/errno.ts';
import { Gone, type Thread } from '../os/thread.ts';

/*
 * The placement handshake of C18 to C22 and C35: a child must not exec before its parent has placed it.
 *
 *   parent  pipes → spawner starts → pid read (at most 5 s) → own notify end closed → placed → byte written → joined
 *   child   forked → inherited parent ends closed → pid written → waits for the byte → exec; end of file: exit
 *
 * `SOUND` is the whole of it; each case takes one thing away.
 */

/** What a launch does, or fails to do. */
export interface Shape {
  /** The spawn, which returns when the child has execed, runs beside the handshake. */
  readonly spawnsBeside: boolean;
  /** The child closes the parent's ends, which it has inherited; before it writes its pid, or after that. */
  readonly closesInherited: boolean;
  readonly closesInheritedLate: boolean;
  /** The parent keeps its copy of the end that the child writes its pid to until it has that. */
  readonly keepsNotifyEnd: boolean;
  /** The parent waits for the pid with a deadline; and again after an interruption, and for every piece. */
  readonly polls: boolean;
  readonly pollsAgain: boolean;
  /** A spawn that fails before there is a child ends the wait for the pid. */
  readonly noticesFailedSpawn: boolean;
  /** The parent waits for the spawner whatever happened. */
  readonly joins: boolean;
  /** The root cause is told, not the error that came first. */
  readonly tellsRootCause: boolean;
  /** A child that lives although the handshake failed is killed and reaped. */
  readonly reaps: boolean;
  /** The spawner does not fork once the launch was given up; to look and to fork is one critical section. */
  readonly looksAtToken: boolean;
  readonly locksToken: boolean;
}

/** Fixed: all of it. */
export const SOUND: Shape = {
  spawnsBeside: true,
  closesInherited: true,
  closesInheritedLate: false,
  keepsNotifyEnd: true,
  polls: true,
  pollsAgain: true,
  noticesFailedSpawn: true,
  joins: true,
  tellsRootCause: true,
  reaps: true,
  looksAtToken: true,
  locksToken: true,
};

/** How long the parent waits for the pid, in virtual milliseconds. */
export const PID_MS = 5000;

/** What happens in the child, and to it. */
export interface Fate {
  /** Before it writes its pid. */
  readonly early?: (child: Thread) => Promise<unknown>;
  /** Writes the pid in two pieces, which a signal can part. */
  readonly inPieces?: boolean;
  /** The exec fails. */
  readonly execFails?: boolean;
  /** The spawner itself breaks before it forks. */
  readonly spawnerPanics?: boolean;
  /** What the spawner does before it forks. */
  readonly beforeFork?: (spawner: Thread) => Promise<unknown>;
  /** What the parent does once the child may exec. */
  readonly afterRelease?: (parent: Thread) => Promise<unknown>;
}

interface Ends {
  readonly notifyRead: number;
  readonly notifyWrite: number;
  readonly releaseRead: number;
  readonly releaseWrite: number;
}

type Outcome<T> = { readonly value: T } | { readonly error: Error };

/** Launches a child and places it. Resolves to its pid; the child runs on until it is killed. */
export async function launch(os: Os, main: Thread, shape: Shape, fate: Fate = {}): Promise<number> {
  const [notifyRead, notifyWrite] = await main.pipe();
  const [releaseRead, releaseWrite] = await main.pipe();
  const ends: Ends = { notifyRead, notifyWrite, releaseRead, releaseWrite };
  const open = new Set(Object.values(ends));
  const close = async (fd: number): Promise<void> => {
    if (open.delete(fd)) await main.close(fd);
  };
  const token = { cancelled: false, lock: new Mutex() };
  let spawned: Outcome<number> | undefined;
  const spawning = beside(os, main, shape, async (thread) => {
    spawned = await settle(spawn(thread, ends, token, shape, fate));
    const isNoticed = shape.noticesFailedSpawn && 'error' in spawned;
    if (isNoticed && open.delete(notifyWrite)) await thread.close(notifyWrite);
  });
  if (!shape.spawnsBeside) await spawning; // <- C18: the child waits for us
  if (!shape.keepsNotifyEnd) await close(notifyWrite); // <- C20: the number is free for others
  const driven = await settle(
    (async () => {
      const pid = await readPid(main, notifyRead, shape);
      await close(notifyWrite);
      await main.place(pid);
      await close(releaseRead);
      await main.write(releaseWrite, '1');
      await fate.afterRelease?.(main);
      return pid;
    })(),
  );
  // Either the child has been forked and has its own copies, or it will never be.
  const cancel = (): void => void (token.cancelled = 'error' in driven);
  await (shape.locksToken ? token.lock.runExclusive(cancel) : cancel());
  // The ends of the release pipe first: their end of file is what ends an unplaced child.
  for (const fd of [releaseRead, releaseWrite]) await close(fd);
  for (const fd of [notifyRead, notifyWrite]) await close(fd);
  if (shape.joins) await spawning;
  const failed = firstError(shape, driven, spawned);
  if (failed === undefined) return (driven as { value: number }).value;
  if (shape.reaps && spawned !== undefined && 'value' in spawned) {
    await main.kill(spawned.value, 'SIGKILL');
    const { value } = spawned;
    await restarting(() => main.wait(value));
  }
  throw failed;
}

function firstError(shape: Shape, driven: Outcome<number>, spawned: Outcome<number> | undefined): Error | undefined {
  const sync = 'error' in driven ? driven.error : undefined;
  const spawn = spawned !== undefined && 'error' in spawned ? spawned.error : undefined;
  if (!shape.tellsRootCause) return spawn ?? sync;
  // The handshake's error is the cause, and what the spawn says is its consequence, unless there was no child at all.
  const noChild = spawn?.message === 'the spawner broke' || sync?.message === 'the notify pipe ended';
  return noChild ? (spawn ?? sync) : (sync ?? spawn);
}

function beside(os: Os, main: Thread, shape: Shape, body: (thread: Thread) => Promise<void>): Promise<void> {
  return shape.spawnsBeside ? os.thread(main.process, 'spawner', body) : body(main);
}

async function settle<T>(work: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await work };
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Gone) throw error;
    return { error };
  }
}

/** Returns once the child has execed: then nobody has the status pipe's write end any more. */
async function spawn(
  thread: Thread,
  ends: Ends,
  token: { readonly cancelled: boolean; readonly lock: Mutex },
  shape: Shape,
  fate: Fate,
): Promise<number> {
  if (fate.spawnerPanics === true) throw new Error('the spawner broke');
  const [statusRead, statusWrite] = await thread.pipe();
  await fate.beforeFork?.(thread);
  const fork = async (): Promise<number> => {
    if (shape.looksAtToken && token.cancelled) throw new Error('the launch was given up');
    for (const step of ['arguments', 'environment']) await thread.at(step);
    return thread.fork('child', (child) => beforeExec(child, ends, statusWrite, shape, fate));
  };
  const pid = await (shape.locksToken ? token.lock.runExclusive(fork) : fork());
  await thread.close(statusWrite);
  const error = await restarting(() => thread.read(statusRead));
  await thread.close(statusRead);
  if (error === '') return pid;
  await restarting(() => thread.wait(pid));
  throw new Error(`spawn failed: ${error}`);
}

async function beforeExec(child: Thread, ends: Ends, status: number, shape: Shape, fate: Fate): Promise<void> {
  const closeInherited = async (): Promise<void> => {
    for (const fd of [ends.notifyRead, ends.releaseWrite]) {
      try {
        await child.close(fd);
      } catch (error) {
        if (!isErrno(error, 'EBADF')) throw error;
      }
    }
  };
  try {
    if (shape.closesInherited && !shape.closesInheritedLate) await closeInherited();
    await fate.early?.(child);
    const message = String(child.pid).padStart(4, '0');
    if (fate.inPieces === true) {
      await child.write(ends.notifyWrite, message.slice(0, 2));
      for (let i = 0; i < 3; i++) await child.at('is slow');
      await child.write(ends.notifyWrite, message.slice(2));
    } else await child.write(ends.notifyWrite, message);
    await child.close(ends.notifyWrite);
    if (shape.closesInherited && shape.closesInheritedLate) await closeInherited();
    if ((await child.read(ends.releaseRead, 1)) === '') throw new Error('EPIPE');
    await child.close(ends.releaseRead);
    if (fate.execFails === true) throw new Error('ENOENT');
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Gone) throw error;
    await child.write(status, error.message);
    await child.exit(1);
  }
  await child.exec();
  await child.pause();
}

async function readPid(main: Thread, fd: number, shape: Shape): Promise<number> {
  const deadline = main.os.sim.now() + PID_MS;
  let message = '';
  while (message.length < 4) {
    if (shape.polls && (shape.pollsAgain || message === '')) {
      try {
        const left = Math.max(0, deadline - main.os.sim.now());
        if (!(await main.poll(fd, left))) throw new Error('no pid in time: did the child die before it wrote one?');
      } catch (error) {
        if (!isErrno(error, 'EINTR')) throw error;
        if (shape.pollsAgain) continue;
      }
    }
    const piece = await main.read(fd, 4 - message.length);
    if (piece === '') throw new Error('the notify pipe ended');
    message += piece;
  }
  const pid = Number(message);
  if (!(pid > 0)) throw new Error(`the pid is ${message}`);
  return pid;
}
