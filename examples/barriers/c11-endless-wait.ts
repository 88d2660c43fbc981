import { point } from '../../scheduler/point.ts';
import { defineCase, invariant, together, type Body } from '../catalogue/define-case.ts';
import { Signal } from './registry.ts';

/*
 * C11: a wait that nobody can end.
 *
 * The parent waits until a worker of its child is held at a barrier. The worker may never come there, the child may
 * crash, the barrier may have been released before anybody arrived, or barriers may be switched off altogether: then
 * the only symptom is a test run that times out. A wait must be told of everything that makes it hopeless.
 */

/** What can become of a harness while somebody waits. */
class Harness {
  readonly arrived = new Signal();
  readonly shutdown = new Signal();
  readonly childExited = new Signal();
  readonly released = new Signal();
  readonly enabled: boolean;

  constructor(enabled = true) {
    this.enabled = enabled;
  }
}

/** Resolves to what ended the wait. */
type WaitHeld = (harness: Harness) => Promise<string>;

const onlyArrival: WaitHeld = async ({ arrived }) => {
  await arrived.promise; // <- and if nobody comes?
  return 'arrived';
};

function firstOf(events: Record<string, Promise<unknown>>): Promise<string> {
  return Promise.race(Object.entries(events).map(([name, event]) => event.then(() => name)));
}

/** Half a fix: the shutdown ends the wait. But it is the parent who shuts down, and the parent waits. */
const shutdownToo: WaitHeld = ({ arrived, shutdown }) =>
  firstOf({ arrived: arrived.promise, shutdown: shutdown.promise });

/** Half a fix: all events but a release that came too early. */
const notReleased: WaitHeld = (harness) => {
  if (!harness.enabled) return Promise.resolve('barriers disabled');
  const { arrived, shutdown, childExited } = harness;
  return firstOf({ arrived: arrived.promise, shutdown: shutdown.promise, 'child exited': childExited.promise });
};

/** Fixed: whatever makes it hopeless ends it, and a deadline the rest. */
const everyCause: WaitHeld = async (harness) => {
  if (!harness.enabled) return 'barriers disabled';
  const { arrived, shutdown, childExited, released } = harness;
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise((resolve) => (timer = setTimeout(resolve, 50)));
  const cause = await firstOf({
    arrived: arrived.promise,
    shutdown: shutdown.promise,
    'child exited': childExited.promise,
    'released before arrival': released.promise,
    deadline,
  });
  clearTimeout(timer);
  return cause;
};

/** @param child what the child does once it runs. */
function scene(waitHeld: WaitHeld, child: 'hits' | 'crashes' | 'dawdles' | 'is released', enabled = true): Body {
  return async (sim) => {
    const harness = new Harness(enabled);
    let settled = 0;
    await together(sim, {
      async parent() {
        await point('parent:wait');
        sim.branch(await waitHeld(harness));
        settled++;
        harness.shutdown.open();
      },
      async child() {
        await point('child:run');
        if (child === 'hits') harness.arrived.open();
        if (child === 'crashes') harness.childExited.open();
        if (child === 'is released') harness.released.open();
      },
      // Somebody else's test fails: that parent shuts the harness down at once.
      ...(child === 'hits' && {
        async other() {
          await point('other:fails');
          harness.shutdown.open();
        },
      }),
    });
    invariant(settled === 1, 'a wait did not settle');
  };
}

const all = ['arrived', 'shutdown', 'child exited', 'released before arrival', 'barriers disabled', 'deadline'];

/** One after another, so that each cause is met in each execution. */
function everyScene(waitHeld: WaitHeld): Body {
  return async (sim) => {
    for (const child of ['crashes', 'is released', 'dawdles'] as const) await scene(waitHeld, child)(sim);
    await scene(waitHeld, 'dawdles', false)(sim);
    await scene(waitHeld, 'hits')(sim);
  };
}

export const C11 = defineCase({
  id: 'C11',
  title: 'A wait that nobody can end',
  source: 'S2.19, S2.20, S2.41, S2.45',
  file: 'barriers/c11-endless-wait.ts',
  invariant: 'Every wait settles, with its cause.',
  points: ['parent:wait', 'child:run', 'other:fails'],
  branches: all,
  buggy: {
    'waits for the arrival alone': {
      body: scene(onlyArrival, 'crashes'),
      fails: /^deadlock: .*parent waits/,
      without: 'the exit of the child as a cause',
    },
    'barriers are switched off': {
      body: scene(onlyArrival, 'dawdles', false),
      fails: /^deadlock: .*parent waits/,
      without: 'the early refusal',
    },
  },
  halfFixed: {
    'the shutdown ends it': {
      body: scene(shutdownToo, 'crashes'),
      fails: /^deadlock: .*parent waits/,
    },
    'a release before the arrival is missed': {
      body: scene(notReleased, 'is released'),
      fails: /^deadlock: .*parent waits/,
      without: 'the release as a cause',
    },
    'no deadline': {
      body: scene(notReleased, 'dawdles'),
      fails: /^deadlock: .*parent waits/,
      without: 'the deadline',
    },
  },
  fixed: {
    'every cause': { exhaustive: { preemptions: 1 }, body: everyScene(everyCause), options: { leaks: 'fail' } },
  },
});
