import { point } from '../../scheduler/point.ts';
import { defineCase, invariant, together, type Body } from '../catalogue/define-case.ts';

/*
 * C12: cleanup registered at the end of the setup.
 *
 * A setup acquires a chain of things: memory, a registration, a socket, a child. If the cleanups are registered after
 * the last of them, a failure half-way leaks all that came before, a running child among them.
 */

const STEPS = ['map', 'register', 'socket', 'child', 'client'] as const;
type Step = (typeof STEPS)[number];

/** Acquired and released, in order. */
class Ledger {
  readonly held = new Set<Step>();
  readonly released: Step[] = [];

  acquire(step: Step): void {
    this.held.add(step);
  }

  release(step: Step): void {
    invariant(this.held.delete(step), `${step} was released twice`);
    this.released.push(step);
    invariant(step !== 'map' || !this.held.has('register'), 'memory was unmapped while it was registered');
  }
}

interface Setup {
  readonly ledger: Ledger;
  acquire(step: Step): Promise<void>;
  /** What runs at the end, last registered first. */
  readonly cleanups: (() => Promise<void>)[];
  cleanup(step: Step): () => Promise<void>;
}

const atTheEnd = async ({ acquire, cleanups, cleanup }: Setup): Promise<void> => {
  for (const step of STEPS) await acquire(step);
  for (const step of STEPS) cleanups.push(cleanup(step)); // <- a failure above never gets here
};

/** Fixed: as soon as there is something to clean up. */
const atAcquisition = async ({ acquire, cleanups, cleanup }: Setup): Promise<void> => {
  for (const step of STEPS) {
    await acquire(step);
    cleanups.push(cleanup(step)); // <-
  }
};

/** Half a fix: in the order of registration. */
const runInOrder = async (cleanups: Setup['cleanups']): Promise<void> => {
  for (const cleanup of cleanups) await cleanup();
};

/** Half a fix: stops at the first one that throws. */
const runUntilThrow = async (cleanups: Setup['cleanups']): Promise<void> => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
};

/** Fixed: last in, first out, and all of them. */
const runAll = async (cleanups: Setup['cleanups']): Promise<void> => {
  for (const cleanup of cleanups.toReversed()) {
    try {
      await cleanup(); // <-
    } catch {
      // Told at the end; the others still run.
    }
  }
};

/** The setup fails at the step during which the parent gives up, or not at all. */
function build(
  setup: (one: Setup) => Promise<void>,
  run: (cleanups: Setup['cleanups']) => Promise<void>,
  cleanupThrows = false,
): Body {
  return async (sim) => {
    const ledger = new Ledger();
    let aborted = false;
    let failed: Step | undefined;
    const one: Setup = {
      ledger,
      cleanups: [],
      async acquire(step) {
        await point(`setup:${step}`);
        if (aborted) {
          failed = step;
          throw new Error(`${step} failed`);
        }
        ledger.acquire(step);
      },
      cleanup: (step) => async () => {
        await point(`cleanup:${step}`);
        if (step === 'child') sim.branch(ledger.released.includes('client') ? 'graceful' : 'hard kill');
        ledger.release(step);
        if (cleanupThrows && step === 'client') throw new Error('the connection was closed already');
      },
    };
    await together(sim, {
      async setup() {
        try {
          await setup(one);
          sim.branch('complete');
        } catch {
          sim.branch(`failed at ${failed!}`);
        }
        await run(one.cleanups).catch(() => undefined);
      },
      async parent() {
        await point('parent:abort');
        aborted = true;
      },
    });
    invariant(ledger.held.size === 0, `never released: ${[...ledger.held].join(', ')}`);
  };
}

export const C12 = defineCase({
  id: 'C12',
  title: 'Cleanup registered too late',
  source: 'S2.37 to S2.40',
  file: 'paging/c12-cleanup-at-acquisition.ts',
  invariant: 'Whatever step fails, all that was acquired is released once, last acquired first.',
  points: [...STEPS.map((step) => `setup:${step}`), 'cleanup:child', 'parent:abort'],
  branches: ['complete', ...STEPS.map((step) => `failed at ${step}`), 'graceful', 'hard kill'],
  buggy: {
    'registered at the end': {
      body: build(atTheEnd, runAll),
      fails: /never released: map/,
      forced: {
        script: ['setup:map', 'setup:register', 'setup:socket', 'setup:child', 'parent:abort', 'setup:client'],
      },
      without: 'the registration at acquisition',
    },
  },
  halfFixed: {
    'run in order': {
      body: build(atAcquisition, runInOrder),
      fails: /unmapped while it was registered|never released/,
      without: 'the order of cleanups',
    },
    'the first throw ends it': {
      body: build(atAcquisition, runUntilThrow, true),
      fails: /never released/,
      without: 'running all cleanups whatever one throws',
    },
  },
  fixed: { 'at acquisition, all, last first': { exhaustive: true, body: build(atAcquisition, runAll, true) } },
});
