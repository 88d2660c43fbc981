import type { Os } from '../os/os.ts';
import type { Thread } from '../os/thread.ts';

/*
 * How to wait for a program and take its output, for C15 and C17. Both requirements are met only together: the drain
 * begins at the start, and the group is killed when its leader has exited.
 */

/** A program that runs, and the end of the pipe that it writes to. */
export interface Running {
  readonly os: Os;
  readonly pid: number;
  readonly stdout: number;
}

export interface Outcome {
  readonly code: number | null;
  readonly output: string;
  /** It was killed at its deadline. */
  readonly isLate?: boolean;
}

export type Waiting = (waiter: Thread, running: Running) => Promise<Outcome>;

/** Reads to the end of file. */
export async function drain(reader: Thread, fd: number): Promise<string> {
  let output = '';
  for (;;) {
    const chunk = await reader.read(fd);
    if (chunk === '') return output;
    output += chunk;
  }
}

/** As a thread of its own, from now on. */
function drainBeside(waiter: Thread, { os, stdout }: Running): Promise<string> {
  let output = '';
  const done = os.thread(waiter.process, 'drain', async (reader) => {
    output = await drain(reader, stdout);
  });
  return done.then(() => output);
}

const killGroup = (waiter: Thread, pid: number): Promise<void> => waiter.kill(-pid, 'SIGKILL');

/** Wait, then drain to the end. */
export const waitThenDrain: Waiting = async (waiter, running) => {
  const { code } = await waiter.wait(running.pid); // <- a full pipe keeps the program from exiting
  return { code, output: await drain(waiter, running.stdout) }; // <- a descendant keeps it open
};

/** Fixed, but for C15 alone: wait, kill what is left of the group, then drain. So says a review of lingering descendants. */
export const waitKillDrain: Waiting = async (waiter, running) => {
  const { code } = await waiter.watch(running.pid); // <- a full pipe keeps the program from exiting
  await killGroup(waiter, running.pid);
  const output = await drain(waiter, running.stdout);
  await waiter.wait(running.pid);
  return { code, output };
};

/** Drain from the start, then wait: what a review asked for against full pipes. */
export const drainFirst: Waiting = async (waiter, running) => {
  const draining = drainBeside(waiter, running);
  const { code } = await waiter.wait(running.pid);
  return { code, output: await draining }; // <- a descendant keeps it open
};

/** Fixed: both. */
export const drainFirstKillAfter: Waiting = async (waiter, running) => {
  const draining = drainBeside(waiter, running); // <-
  const { code } = await waiter.watch(running.pid);
  await killGroup(waiter, running.pid); // <-
  const output = await draining;
  await waiter.wait(running.pid);
  return { code, output };
};

/** In virtual milliseconds. */
export const DEADLINE = 1000;

/** A timed run: whoever is late is killed, with its group, and said to be late. */
export function timed(waiting: Waiting): Waiting {
  return async (waiter, running) => {
    let isLate = false;
    void running.os.thread(waiter.process, 'deadline', async (thread) => {
      await thread.sleep(DEADLINE);
      isLate = true;
      await killGroup(thread, running.pid);
    });
    const outcome = await waiting(waiter, running);
    return { ...outcome, isLate };
  };
}

/** Starts a program as the leader of a group, with a pipe for its output. */
export async function start(
  os: Os,
  parent: Thread,
  program: (leader: Thread, stdout: number) => Promise<number>,
): Promise<Running> {
  const [stdout, write] = await parent.pipe();
  const pid = await parent.fork('leader', async (leader) => {
    await leader.close(stdout);
    return program(leader, write);
  });
  // What spawn does in the child before it returns.
  os.find(pid)!.group = pid;
  await parent.close(write);
  return { os, pid, stdout };
}
