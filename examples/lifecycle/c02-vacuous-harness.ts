import type { ExploreOptions, Sim } from '../../src/index.ts';
import { defineCase } from '../catalogue/define-case.ts';
import { BRANCHES, race, requireInFlight } from './harness.ts';
import { Lifecycle } from './lifecycle.ts';

/*
 * C02: a harness that tests nothing. Fifty adders and a shutdown, all released at once, on correct code. If the
 * shutdown runs first, fifty adders are refused; if it runs last, fifty are registered: green both times, and the
 * race that the test is named after never took place. A guard on one side (somebody was registered) sees half of it.
 */

const adders = 50;
const fixed = (): Lifecycle => new Lifecycle();
/** One run, as CI does it, judged by a guard on both sides. */
const once: ExploreOptions = { strategy: 'natural', branches: BRANCHES };

/** Fixed: twenty adders are in flight before the shutdown begins; the others begin after it has closed. */
const gates = (sim: Sim): void => {
  sim.hold('shutdown:enter').until(() => sim.arrivals('add:registered') >= 20); // <-
  sim.hold('add:enter', { skip: 20 }).until(() => sim.arrivals('shutdown:closed') > 0); // <-
};

export const C02 = defineCase({
  id: 'C02',
  title: 'A race test that is vacuous',
  source: 'S1.7, S1.8, S1.11, S1.13 to S1.16',
  file: 'lifecycle/c02-vacuous-harness.ts',
  invariant: 'A run in which one side of the race never won is not green.',
  points: ['add:enter', 'add:registered', 'add:noop', 'shutdown:enter'],
  branches: BRANCHES,
  buggy: {
    'no guard, shutdown first': {
      body: race(fixed, { adders, shutdownFirst: true }),
      options: once,
      fails: /^vacuous: The branch 'add wins' was never taken/,
    },
    'no guard, shutdown last': {
      body: race(fixed, { adders }),
      options: once,
      fails: /^vacuous: The branch 'shutdown wins' was never taken/,
      without: 'the gates',
    },
  },
  halfFixed: {
    'a guard on one side': {
      body: race(fixed, { adders, after: requireInFlight }), // <- asks for registered > 0 only
      options: once,
      fails: /^vacuous: The branch 'shutdown wins' was never taken/,
      without: 'the guard on the other side',
    },
  },
  fixed: {
    'gates, and a guard on both sides': { body: race(fixed, { adders, gates, shutdownFirst: true }), options: once },
  },
});
