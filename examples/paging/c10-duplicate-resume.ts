import { point } from '../../scheduler/point.ts';
import { defineCase, invariant, together, type Body } from '../catalogue/define-case.ts';

/*
 * C10: a second resume leaks a serve loop.
 *
 * Two resumes in a row start two loops; one of them is known to nobody, and goes on serving after a pause. The obvious
 * guard, a flag, is the same bug again if it is raised after an await.
 */

interface Server {
  /** Loops that run now. */
  loops: number;
  running: boolean;
  /** Starting takes a while, and can fail. */
  start(): Promise<void>;
}

/** Resolves to whether it started a loop. */
type Resume = (server: Server) => Promise<boolean>;

const unguarded: Resume = async (server) => {
  await server.start();
  server.running = true;
  return true;
};

/** Half a fix: the flag is raised after the await. */
const flagLate: Resume = async (server) => {
  if (server.running) return false;
  await server.start();
  server.running = true; // <- others have looked meanwhile
  return true;
};

/** Half a fix: raised before, and never lowered when the start fails. */
const flagStuck: Resume = async (server) => {
  if (server.running) return false;
  server.running = true; // <-
  await server.start();
  return true;
};

/** Fixed: raised before the first await, lowered if the start fails. */
const flagEarly: Resume = async (server) => {
  if (server.running) return false;
  server.running = true; // <-
  try {
    await server.start();
    return true;
  } catch (error) {
    server.running = false; // <-
    throw error;
  }
};

function serving(resume: Resume, firstStartFails: boolean): Body {
  return async (sim) => {
    let starts = 0;
    const server: Server = {
      loops: 0,
      running: false,
      async start() {
        const isFirst = starts++ === 0;
        await point('serve:start');
        if (isFirst && firstStartFails) throw new Error('no descriptor');
        this.loops++;
      },
    };
    let told = 0;
    const caller = async (): Promise<void> => {
      await point('resume:call');
      try {
        sim.branch((await resume(server)) ? 'start' : 'already running');
      } catch {
        sim.branch('start failed');
        told++;
      }
    };
    await together(sim, { first: caller, second: caller });
    invariant(server.loops <= 1, 'two serve loops run, and one of them is known to nobody');
    invariant(server.running === (server.loops === 1), 'the flag says that a loop runs, and none does');
    invariant(!firstStartFails || told === 1, 'a failed start was not reported');
  };
}

const both = (resume: Resume): Body => {
  const [good, bad] = [serving(resume, false), serving(resume, true)];
  return async (sim) => {
    await good(sim);
    await bad(sim);
  };
};

export const C10 = defineCase({
  id: 'C10',
  title: 'Duplicate resume leaks a serve loop',
  source: 'S2.25, S2.26',
  file: 'paging/c10-duplicate-resume.ts',
  invariant: 'At most one loop runs; a failed start is reported and leaves none running.',
  points: ['resume:call', 'serve:start'],
  branches: ['start', 'already running', 'start failed'],
  buggy: { unguarded: { body: serving(unguarded, false), fails: /two serve loops/, without: 'the flag' } },
  halfFixed: {
    'flag raised after the await': {
      body: serving(flagLate, false),
      fails: /two serve loops/,
      without: 'the flag before the first await',
      forced: { script: ['resume:call', 'resume:call', 'serve:start', 'serve:start'] },
    },
    'flag not lowered': {
      body: serving(flagStuck, true),
      fails: /none does/,
      without: 'lowering the flag',
    },
  },
  fixed: { 'flag raised before, lowered on failure': { exhaustive: true, body: both(flagEarly) } },
});
