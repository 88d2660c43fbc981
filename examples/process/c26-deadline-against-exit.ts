import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { Os } from '../os/os.ts';
import type { Status } from '../os/process.ts';
import type { Thread } from '../os/thread.ts';

/*
 * C26: a deadline against an exit.
 *
 * The waiter looks whether the child has exited, then whether the deadline has passed, then kills. The child may exit
 * between any two of these. Exit wins when both are true; a child that exits before the kill reaches it has a real
 * code although the deadline fired; and the result says which it was.
 */

const DEADLINE = 30;
const PERIOD = 10;

interface Result {
  /** -1 for the death by a signal. */
  readonly code: number;
  readonly timedOut: boolean;
}

const codeOf = ({ code }: Status): number => code ?? -1;

type WaitUntil = (waiter: Thread, pid: number) => Promise<Result>;

/** The deadline is looked at first: a child that has exited in time is reported as late, and never reaped. */
const deadlineFirst: WaitUntil = async (waiter, pid) => {
  const end = waiter.os.sim.now() + DEADLINE;
  for (;;) {
    await waiter.at('deadline');
    if (waiter.os.sim.now() >= end) return { code: -1, timedOut: true }; // <- no kill, no reap
    const status = await waiter.tryWait(pid);
    if (status !== undefined) return { code: codeOf(status), timedOut: false };
    await waiter.sleep(PERIOD);
  }
};

/** Half a fix: exit first, but what the kill met is not asked. */
const killedAsSuch: WaitUntil = async (waiter, pid) => {
  const end = waiter.os.sim.now() + DEADLINE;
  for (;;) {
    const status = await waiter.tryWait(pid);
    if (status !== undefined) return { code: codeOf(status), timedOut: false };
    if (waiter.os.sim.now() >= end) {
      await waiter.kill(pid, 'SIGKILL');
      await waiter.wait(pid);
      return { code: -1, timedOut: true }; // <- it may have exited by itself
    }
    await waiter.sleep(PERIOD);
  }
};

/** Fixed: exit first, and the code is the kernel's. */
const exitFirst: WaitUntil = async (waiter, pid) => {
  const end = waiter.os.sim.now() + DEADLINE;
  for (;;) {
    const status = await waiter.tryWait(pid); // <-
    if (status !== undefined) return { code: codeOf(status), timedOut: false };
    if (waiter.os.sim.now() >= end) {
      await waiter.kill(pid, 'SIGKILL');
      return { code: codeOf(await waiter.wait(pid)), timedOut: true }; // <-
    }
    await waiter.sleep(PERIOD);
  }
};

/** @param runs how long the child runs; the same as the deadline for the tie. */
function timed(wait: WaitUntil, runs: number): Body {
  return async (sim) => {
    const os = new Os(sim);
    const waiter = os.boot('waiter');
    await os.drive(waiter, async () => {
      const pid = await waiter.fork('child', async (child) => {
        await child.sleep(runs);
        return 5;
      });
      const child = os.find(pid)!;
      const start = sim.now();
      const { code, timedOut } = await wait(waiter, pid);
      const took = sim.now() - start;
      const left = child.state;
      os.halt();
      if (!timedOut) sim.branch('exit wins');
      else sim.branch(code === -1 ? 'deadline wins' : 'exit before the kill');
      invariant(left === 'reaped', 'a child is left behind');
      invariant(!timedOut || took >= DEADLINE, 'timed out before the deadline');
      invariant(code === codeOf(child.status!), 'the code is not what the child exited with');
    });
  };
}

export const C26 = defineCase({
  id: 'C26',
  title: 'Deadline against exit',
  source: 'S4.65',
  file: 'process/c26-deadline-against-exit.ts',
  invariant: 'The code is the real one, the child is reaped, and a time-out is told apart.',
  points: ['waiter:tryWait', 'waiter:deadline', 'waiter:kill', 'child:sleep'],
  branches: ['exit wins', 'deadline wins', 'exit before the kill'],
  buggy: {
    'deadline first': {
      body: timed(deadlineFirst, DEADLINE),
      fails: /left behind/,
      without: 'the kill and the reap',
    },
  },
  halfFixed: {
    'killed, so -1': {
      body: timed(killedAsSuch, DEADLINE),
      fails: /not what the child exited with/,
      without: 'the status of the reap',
    },
  },
  fixed: { 'exit first, the kernel knows the code': { exhaustive: true, body: timed(exitFirst, DEADLINE) } },
});
