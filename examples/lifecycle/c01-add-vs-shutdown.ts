import type { Sim } from '../../src/index.ts';
import { defineCase } from '../catalogue/define-case.ts';
import { CheckOutsideLock, CloseOutsideLock, WaitBeforeClose } from './broken.ts';
import { BRANCHES, race } from './harness.ts';
import { Lifecycle } from './lifecycle.ts';

/*
 * C01: add against shutdown, the flagship. The variants stand side by side in `broken.ts` and `lifecycle.ts`, the
 * actors and the invariants in `harness.ts`.
 */

const adders = 3;
const fails = /work ran after shutdown\(\) had|returned while work was still running/;

/** One adder has looked and stays there until the shutdown believes that nothing is left. */
const lookedTooEarly = {
  'the adder waits for the end of the shutdown': (sim: Sim): void =>
    void sim.hold('add:checked', { take: 1 }).until(() => sim.arrivals('shutdown:waited') > 0),
  'the shutdown waits for the adder': (sim: Sim): void =>
    void sim.hold('shutdown:enter', { take: 1 }).until(() => sim.arrivals('add:checked') > 0),
  'the others wait for the shutdown': (sim: Sim): void =>
    void sim.hold('add:enter', { skip: 1 }).until(() => sim.arrivals('shutdown:closed') > 0),
};

export const C01 = defineCase({
  id: 'C01',
  title: 'Add against shutdown',
  source: 'S1.2 to S1.10, S1.18',
  file: 'lifecycle/c01-add-vs-shutdown.ts',
  invariant: 'Nothing runs after the shutdown has returned; every adder is registered or refused.',
  points: ['add:enter', 'add:checked', 'add:registered', 'add:noop', 'shutdown:closed', 'shutdown:waited', 'work:done'],
  branches: BRANCHES,
  buggy: {
    'check outside the lock': {
      body: race(() => new CheckOutsideLock(), { adders }),
      fails,
      without: 'one critical section for check and registration',
      forced: { gates: lookedTooEarly },
    },
    'close outside the lock': {
      body: race(() => new CloseOutsideLock(), { adders }),
      fails,
      without: 'the lock around the close',
    },
    'wait before close': {
      body: race(() => new WaitBeforeClose(), { adders }),
      fails,
      without: 'the order of close and wait',
    },
  },
  fixed: {
    'check and registration under one lock': {
      exhaustive: { preemptions: 1 },
      body: race(() => new Lifecycle(), { adders }),
    },
  },
});
