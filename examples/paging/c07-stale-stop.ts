import { point } from '../../scheduler/point.ts';
import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { Inbox } from '../supervisor/inbox.ts';

/*
 * C07: a stale stop function.
 *
 * A helper serves page faults in a loop. `pause` stops the loop and takes its exit from a channel; `resume` starts a
 * new one. The cleanup at the end still holds the stop function of the first loop: after a pause it waits for an
 * exit that was taken already, for ever, and whoever waits for the helper hangs with it.
 */

/** A serve loop. Its exit is one message, to be taken once. */
class Loop {
  readonly exit = new Inbox<'exit'>();
  #stopping = false;
  taken = 0;

  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.exit.post('exit');
  }

  async takeExit(): Promise<void> {
    await this.exit.next();
    this.taken++;
  }
}

interface Helper {
  readonly loops: Loop[];
  pause(): Promise<void>;
  resume(): Promise<void>;
  cleanup(): Promise<void>;
}

type Stop = () => Promise<void>;
const nothing: Stop = () => Promise.resolve();

function starter(loops: Loop[]): () => Stop {
  return () => {
    const loop = new Loop();
    loops.push(loop);
    return async () => {
      loop.stop();
      await loop.takeExit();
    };
  };
}

/** Two variables: what pause calls, and what cleanup was given at the beginning. */
function twoVariables(): Helper {
  const loops: Loop[] = [];
  const start = starter(loops);
  let stop = start();
  const cleanup = stop; // <- the first loop's, whatever happens later
  return {
    loops,
    async pause() {
      await point('pause:stop');
      await stop();
      await point('pause:drained');
      stop = nothing;
    },
    async resume() {
      await point('resume:install');
      stop = start();
    },
    async cleanup() {
      await point('cleanup:stop');
      await cleanup();
    },
  };
}

/** Half a fix: one variable, but reset only after the exit was taken. A cleanup meanwhile takes it twice. */
function resetLate(): Helper {
  const loops: Loop[] = [];
  const start = starter(loops);
  let stop = start();
  let closed = false;
  const stopServe = async (): Promise<void> => {
    const current = stop;
    await point('pause:stop');
    await current();
    await point('pause:drained');
    stop = nothing; // <- too late
  };
  return {
    loops,
    pause: stopServe,
    async resume() {
      await point('resume:install');
      if (!closed) stop = start();
    },
    async cleanup() {
      await point('cleanup:stop');
      closed = true;
      await stopServe();
    },
  };
}

/** Fixed: one variable, taken and reset in one step; everybody who stops goes through here. */
function oneVariable(): Helper {
  const loops: Loop[] = [];
  const start = starter(loops);
  let stop = start();
  let closed = false;
  const stopServe = async (): Promise<void> => {
    await point('pause:stop');
    const current = stop;
    stop = nothing; // <-
    await current();
    await point('pause:drained');
  };
  return {
    loops,
    pause: stopServe,
    async resume() {
      await point('resume:install');
      if (!closed) stop = start();
    },
    async cleanup() {
      await point('cleanup:stop');
      closed = true;
      await stopServe();
    },
  };
}

function session(create: () => Helper): Body {
  return async (sim) => {
    const helper = create();
    let phase = 'exit running';
    let closing = false;
    const control = sim.spawn('control', async () => {
      const pausing = helper.pause();
      phase = 'exit during pause';
      await pausing;
      phase = 'exit paused';
      await helper.resume();
      invariant(closing || helper.loops.length === 2, 'nobody serves after the resume');
      phase = 'exit after resume';
    });
    const cleanup = sim.spawn('cleanup', async () => {
      await sim.point('helper:exit');
      sim.branch(phase);
      closing = true;
      await helper.cleanup();
    });
    await Promise.all([control, cleanup]);
    invariant(
      helper.loops.every(({ taken }) => taken === 1),
      'the exit of a serve loop was not taken exactly once',
    );
  };
}

export const C07 = defineCase({
  id: 'C07',
  title: 'Stale stop function',
  source: 'S2.24',
  file: 'paging/c07-stale-stop.ts',
  invariant: 'The exit of each serve loop is taken exactly once; the cleanup returns.',
  points: ['pause:stop', 'pause:drained', 'resume:install', 'cleanup:stop', 'helper:exit'],
  branches: ['exit running', 'exit during pause', 'exit paused', 'exit after resume'],
  buggy: {
    'two variables': {
      body: session(twoVariables),
      fails: /^deadlock: .*cleanup waits|not taken exactly once/,
      without: 'one variable for all who stop',
      forced: { script: ['pause:stop', 'pause:drained', 'resume:install', 'helper:exit', 'cleanup:stop'] },
    },
  },
  halfFixed: {
    'reset late': {
      body: session(resetLate),
      fails: /^deadlock: .*(cleanup|control) waits|not taken exactly once/,
      without: 'taking and resetting in one step',
    },
  },
  fixed: { 'one variable': { exhaustive: true, body: session(oneVariable) } },
});
