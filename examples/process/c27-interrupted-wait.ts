import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { ignoring } from '../os/errno.ts';
import { Os } from '../os/os.ts';
import type { Thread } from '../os/thread.ts';

/*
 * C27: interruptions that extend a deadline.
 *
 * A poll that a signal interrupts is made again. With the full time-out each time, a stream of signals keeps it waiting
 * for ever. What is left must be computed from the clock; and rounded up, or the last fraction of a millisecond is
 * spent polling with a time-out of 0.
 */

const DEADLINE = 30;

/** Resolves to how often it polled. */
type Poll = (waiter: Thread, fd: number) => Promise<number>;

const armedAgain: Poll = async (waiter, fd) => {
  for (let polls = 1; ; polls++) {
    const isReadable = await ignoring('EINTR', waiter.poll(fd, DEADLINE)); // <- the whole of it, again
    if (isReadable !== undefined) return polls;
  }
};

/** Half a fix: what is left of it. But less than a millisecond is a time-out of 0, which is over at once. */
const roundedDown: Poll = async (waiter, fd) => {
  const end = waiter.os.sim.now() + DEADLINE;
  for (let polls = 1; ; polls++) {
    const left = Math.floor(end - waiter.os.sim.now()); // <-
    await ignoring('EINTR', waiter.poll(fd, left));
    if (waiter.os.sim.now() >= end) return polls;
  }
};

/** Fixed: rounded up. A poll that was not interrupted has then waited for all of it. */
const roundedUp: Poll = async (waiter, fd) => {
  const end = waiter.os.sim.now() + DEADLINE;
  for (let polls = 1; ; polls++) {
    const left = Math.ceil(end - waiter.os.sim.now()); // <-
    const isReadable = await ignoring('EINTR', waiter.poll(fd, left));
    if (isReadable !== undefined) return polls;
  }
};

/** @param every virtual milliseconds between two signals. */
function interrupted(poll: Poll, every: number): Body {
  return async (sim) => {
    const os = new Os(sim);
    const waiter = os.boot('waiter');
    await os.drive(waiter, async () => {
      await waiter.sigaction('SIGUSR1', { run: () => undefined });
      const [fd] = await waiter.pipe();
      let signals = 0;
      const other = os.boot('interrupter');
      const interrupting = os.thread(other.process, 'interrupter', async (thread) => {
        for (; signals < 6; signals++) {
          await sim.sleep(every); // with its fraction
          if (waiter.process.isAlive) await thread.kill(waiter.pid, 'SIGUSR1');
        }
      });
      const start = sim.now();
      const polls = await poll(waiter, fd);
      const took = sim.now() - start;
      sim.branch(polls > 1 ? 'interrupted' : 'not interrupted');
      os.halt();
      await interrupting;
      invariant(took < DEADLINE + 1, `waited ${took} ms with a deadline of ${DEADLINE}`);
      invariant(took >= DEADLINE, `gave up after ${took} ms with a deadline of ${DEADLINE}`);
    });
  };
}

const everyPattern: Body = async (sim) => {
  for (const every of [7.4, 30, 31]) await interrupted(roundedUp, every)(sim);
};

export const C27 = defineCase({
  id: 'C27',
  title: 'Interruptions that extend a deadline',
  source: 'S4.65, D20',
  file: 'process/c27-interrupted-wait.ts',
  invariant: 'The wait takes its deadline, to the millisecond, whatever interrupts it, and does not spin.',
  points: ['waiter:poll', 'interrupter:kill'],
  branches: ['interrupted', 'not interrupted'],
  options: { time: 'idle' },
  buggy: {
    'the full time-out again': {
      body: interrupted(armedAgain, 7),
      fails: /waited \d+(\.\d+)? ms/,
      without: 'what is left of the time',
    },
  },
  halfFixed: {
    'what is left, rounded down': {
      body: interrupted(roundedDown, 7.4),
      fails: /^livelock/,
      without: 'rounding up',
      options: { maxSteps: 500 },
    },
  },
  fixed: { 'what is left, rounded up': { exhaustive: true, body: everyPattern } },
});
