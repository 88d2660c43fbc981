import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { Os } from '../os/os.ts';
import type { Thread } from '../os/thread.ts';
import { Inbox } from '../supervisor/inbox.ts';

/*
 * C41: a child that fails before it is ready.
 *
 * Bootstrap, readiness and the start of the serve loop can each fail, and the child can crash at every point between
 * them. A parent that waits for the next message only waits for ever; one that has a deadline is told late, and not
 * why. The cause must reach the parent, and the child must be reaped on every path.
 */

type Message = 'bootstrapped' | 'ready' | 'serving' | `failed: ${string}` | 'exited' | 'deadline';
const STAGES = ['bootstrapped', 'ready', 'serving'] as const;

interface Session {
  readonly os: Os;
  readonly parent: Thread;
  readonly pid: number;
  readonly inbox: Inbox<Message>;
}

/** Resolves when the child serves. */
type Start = (session: Session) => Promise<void>;

const messagesOnly: Start = async ({ inbox }) => {
  for (const stage of STAGES) {
    const message = await inbox.next(); // <- and if none comes any more?
    if (message !== stage) throw new Error(message);
  }
};

/** Half a fix: the exit is noticed, but nobody reaps on that path. */
const noticed: Start = async ({ os, parent, pid, inbox }) => {
  watch(os, parent, pid, inbox); // <-
  for (const stage of STAGES) {
    const message = await inbox.next();
    if (message !== stage) throw new Error(message);
  }
};

/** Fixed: noticed, and reaped whatever happened. */
const reaped: Start = async (session) => {
  try {
    await noticed(session);
  } catch (error) {
    const { parent, pid } = session;
    await parent.kill(pid, 'SIGKILL'); // <- it may live on, and nobody would know what it does
    await parent.wait(pid); // <-
    throw error;
  }
};

function watch(os: Os, parent: Thread, pid: number, inbox: Inbox<Message>): void {
  void os.thread(parent.process, 'watcher', async (watcher) => {
    await watcher.watch(pid).catch(() => undefined);
    inbox.post('exited');
  });
}

/** @param failing the stage whose failure the child reports, and lives on; without one it may crash at any point. */
function bootstrap(start: Start, failing?: (typeof STAGES)[number]): Body {
  return async (sim) => {
    const os = new Os(sim);
    const parent = os.boot('parent');
    await os.drive(parent, async () => {
      const inbox = new Inbox<Message>();
      let reached = 0;
      const pid = await parent.fork('child', async (child) => {
        for (const stage of STAGES) {
          await child.at(stage);
          if (stage === failing) {
            inbox.post(`failed: ${stage}`);
            break;
          }
          inbox.post(stage);
          reached++;
        }
        await child.pause();
      });
      const child = os.find(pid)!;
      const crashing = sim.spawn('crash', async () => {
        await sim.point('crash');
        if (failing === undefined && reached < STAGES.length) os.deliver(child, 'SIGKILL');
      });
      let told: string | undefined;
      await start({ os, parent, pid, inbox }).catch((error: unknown) => (told = (error as Error).message));
      if (told === undefined) sim.branch('serving');
      else if (told === 'exited') sim.branch(`crashed after ${reached} of ${STAGES.length}`);
      else sim.branch(told);
      const left = child.state;
      os.halt();
      await crashing;
      invariant(told === undefined || left === 'reaped', `the child is ${left} behind an error`);
    });
  };
}

const everyFailure: Body = async (sim) => {
  for (const failing of [undefined, ...STAGES]) await bootstrap(reaped, failing)(sim);
};

export const C41 = defineCase({
  id: 'C41',
  title: 'Failure before the child is ready',
  source: 'S2.29, S2.37, S2.38',
  file: 'paging/c41-early-failure.ts',
  invariant: 'The parent gets the cause, and the child is reaped.',
  points: ['child:bootstrapped', 'child:ready', 'child:serving', 'crash', 'watcher:watch', 'parent:wait'],
  branches: [
    'serving',
    ...STAGES.map((stage) => `failed: ${stage}`),
    'crashed after 0 of 3',
    'crashed after 1 of 3',
    'crashed after 2 of 3',
  ],
  buggy: {
    'waits for messages only': {
      body: bootstrap(messagesOnly),
      fails: /^deadlock: .*main waits/,
      without: 'the exit as an event',
      forced: { script: ['child:bootstrapped', 'crash'] },
    },
  },
  halfFixed: {
    'noticed, not reaped': {
      body: bootstrap(noticed),
      fails: /zombie behind an error/,
      without: 'the reap',
      forced: { script: ['child:bootstrapped', 'watcher:watch', 'crash'] },
    },
  },
  fixed: {
    'noticed and reaped': { body: everyFailure },
    'noticed and reaped, after a crash': {
      exhaustive: true,
      body: bootstrap(reaped),
      branches: ['serving', 'crashed after 0 of 3', 'crashed after 1 of 3', 'crashed after 2 of 3'],
    },
  },
});
