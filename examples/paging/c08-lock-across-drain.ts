import { Mutex } from 'async-mutex';
import type { Sim } from '../../src/index.ts';
import { Signal } from '../barriers/registry.ts';
import { defineCase, invariant, together, type Body } from '../catalogue/define-case.ts';

/*
 * C08: a lock that is held while something drains.
 *
 * `pause` stops the serve loop and waits until its worker is through, all under the state mutex. The worker is parked at
 * a barrier. The controller would release it, for which it needs the state mutex: a circle. Under the lock only what
 * does not wait may be done; the stop function is taken out there, and called after. Then a `resume` fits into the
 * drain, so it must wait for the same stop.
 */

/** A mutex that knows who holds it, and says so. */
class StateMutex {
  readonly #mutex = new Mutex();
  #holder: string | undefined;

  async run<T>(sim: Sim, who: string, body: () => T | Promise<T>): Promise<T> {
    const release = await sim.waiting(this.#mutex.acquire(), 'the state mutex', () => this.#holder);
    this.#holder = who;
    try {
      return await body();
    } finally {
      this.#holder = undefined;
      release();
    }
  }
}

/** A serve loop with one worker. Stopping it ends when the worker is through. */
class Loop {
  readonly arrived = new Signal();
  readonly released = new Signal();
  readonly #stop = new Signal();
  readonly #drained = new Signal();
  stops = 0;
  ended = false;

  async serve(sim: Sim, parks: boolean, ended: () => void): Promise<void> {
    await sim.point('worker:fault');
    if (parks) {
      this.arrived.open();
      await sim.waiting(this.released.promise, 'the barrier', () => 'controller');
    }
    await this.#stop.promise;
    this.ended = true;
    ended();
    this.#drained.open();
  }

  async stop(sim: Sim): Promise<void> {
    this.stops++;
    this.#stop.open();
    await sim.waiting(this.#drained.promise, 'the drain', () => 'worker');
  }
}

interface Server {
  readonly sim: Sim;
  readonly mutex: StateMutex;
  /** The loop that runs, to be stopped by whoever takes it. */
  current: Loop | undefined;
  /** The stop that is going on. */
  stopping: Promise<void> | undefined;
  readonly loops: Loop[];
  start(parks: boolean): void;
}

interface Handlers {
  pause(server: Server, who: string): Promise<void>;
  resume(server: Server): Promise<void>;
}

const startIfStopped = (server: Server): void => {
  if (server.current === undefined) server.start(false);
};

const UNDER_LOCK: Handlers = {
  pause: (server, who) =>
    server.mutex.run(server.sim, who, async () => {
      const loop = server.current;
      server.current = undefined;
      await server.sim.point('pause:drain');
      await loop?.stop(server.sim); // <- everybody else who needs the mutex waits for this
    }),
  resume: (server) => server.mutex.run(server.sim, 'resume', () => startIfStopped(server)),
};

/** Half a fix: taken out under the lock, stopped after it. A resume meanwhile starts a second loop. */
const SNAPSHOT: Handlers = {
  async pause(server, who) {
    const loop = await server.mutex.run(server.sim, who, () => {
      const { current } = server;
      server.current = undefined; // <-
      return current;
    });
    await server.sim.point('pause:drain');
    await loop?.stop(server.sim); // <-
  },
  resume: UNDER_LOCK.resume,
};

/** Fixed: the stop that is going on is known, and a resume waits for it. */
const SHARED_STOP: Handlers = {
  async pause(server, who) {
    await server.mutex.run(server.sim, who, async () => {
      const { current } = server;
      await server.sim.point('state:read');
      server.current = undefined;
      if (current === undefined) return;
      server.stopping = current.stop(server.sim).then(() => void (server.stopping = undefined)); // <-
    });
    await server.sim.point('pause:drain');
    await server.stopping;
  },
  async resume(server) {
    for (let isUp = false; !isUp;) {
      await server.stopping; // <-
      isUp = await server.mutex.run(server.sim, 'resume', async () => {
        if (server.stopping !== undefined) return false; // another stop has begun meanwhile
        await server.sim.point('state:read');
        startIfStopped(server);
        return true;
      });
    }
  },
};

function serving(handlers: Handlers, withResume: boolean): Body {
  return async (sim) => {
    let running = 0;
    let most = 0;
    const serving: Promise<unknown>[] = [];
    const server: Server = {
      sim,
      mutex: new StateMutex(),
      current: undefined,
      stopping: undefined,
      loops: [],
      start(parks) {
        const loop = new Loop();
        server.loops.push(loop);
        server.current = loop;
        most = Math.max(most, ++running);
        serving.push(sim.spawn('worker', () => loop.serve(sim, parks, () => running--)));
      },
    };
    server.start(true);
    const first = server.loops[0]!;
    let pausing = 0;
    const pause = (who: string) => async (): Promise<void> => {
      await sim.point('pause:lock');
      if (first.stops === 0 && who !== 'cleanup') {
        sim.branch(first.arrived.isOpen && !first.released.isOpen ? 'pause, worker parked' : 'pause, nobody parked');
      }
      if (++pausing > 1 && who !== 'cleanup') sim.branch('two pauses');
      await handlers.pause(server, who);
      invariant(first.ended, 'a pause returned while the loop was serving');
      pausing--;
    };
    await together(sim, {
      pause: pause('pause'),
      ...(!withResume && { 'pause 2': pause('pause 2') }),
      ...(withResume && {
        async resume() {
          await sim.point('resume:lock');
          await handlers.resume(server);
        },
      }),
      async controller() {
        await first.arrived.promise;
        await sim.point('release:lock');
        await server.mutex.run(sim, 'controller', () => first.released.open());
      },
    });
    invariant(most <= 1, 'two serve loops ran at once');
    if (server.loops.length > 1) sim.branch('resumed after the pause');
    await pause('cleanup')();
    await Promise.all(serving);
    invariant(
      server.loops.every(({ stops }) => stops === 1),
      'a serve loop was not stopped exactly once',
    );
  };
}

/** Both scenes, one after the other. */
const both: Body = async (sim) => {
  await serving(SHARED_STOP, false)(sim);
  await serving(SHARED_STOP, true)(sim);
};

export const C08 = defineCase({
  id: 'C08',
  title: 'Lock held across a drain',
  source: 'S2.27, S2.21',
  file: 'paging/c08-lock-across-drain.ts',
  invariant: 'Nobody hangs; two pauses stop a loop once; a resume never starts a second loop beside the first.',
  points: ['pause:lock', 'pause:drain', 'release:lock', 'resume:lock', 'worker:fault', 'state:read'],
  branches: ['pause, nobody parked', 'pause, worker parked', 'two pauses', 'resumed after the pause'],
  buggy: {
    'drain under the lock': {
      body: serving(UNDER_LOCK, false),
      fails: /^deadlock: .*in a circle: .*(the drain|the barrier|the state mutex)\).* → /,
      without: 'the drain outside the lock',
      forced: { script: ['worker:fault', 'pause:lock', 'pause:drain', 'release:lock'] },
    },
  },
  halfFixed: {
    'taken out, then drained': {
      body: serving(SNAPSHOT, true),
      fails: /two serve loops/,
      without: 'the stop that a resume waits for',
    },
  },
  fixed: { 'a shared stop': { exhaustive: { preemptions: 1 }, body: both } },
});
