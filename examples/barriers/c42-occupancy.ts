import { point } from '../../scheduler/point.ts';
import { defineCase, invariant, together, type Body } from '../catalogue/define-case.ts';
import { Signal } from './registry.ts';

/*
 * C42: two workers at one barrier.
 *
 * What does a barrier do with a second worker, with a release between a worker's look and its parking, with a release
 * before anybody came? Decided here: all who arrive park, the first arrival counts once, and after the release
 * everybody passes, the one too who had looked before.
 */

interface Barrier {
  readonly arrived: Signal;
  hit(): Promise<'parked' | 'passed'>;
  release(): void;
}

/** One place for the one who is parked: a second one takes it, and the first is forgotten. */
class OnePlace implements Barrier {
  readonly arrived = new Signal();
  #resume: (() => void) | undefined;
  #installed = true;

  async hit(): Promise<'parked' | 'passed'> {
    await point('hit:lookup');
    if (!this.#installed) return 'passed';
    this.arrived.open();
    await new Promise<void>((resolve) => (this.#resume = resolve)); // <- whoever was parked here is lost
    return 'parked';
  }

  release(): void {
    this.#installed = false;
    this.#resume?.();
  }
}

/** Half a fix: room for all. But who has looked before the release parks after it. */
class ManyPlaces implements Barrier {
  readonly arrived = new Signal();
  readonly #resume: (() => void)[] = []; // <-
  #installed = true;

  async hit(): Promise<'parked' | 'passed'> {
    await point('hit:lookup');
    if (!this.#installed) return 'passed';
    await point('hit:park');
    this.arrived.open();
    await new Promise<void>((resolve) => this.#resume.push(resolve)); // <- nobody comes any more
    return 'parked';
  }

  release(): void {
    this.#installed = false;
    for (const resume of this.#resume) resume();
  }
}

/** Fixed: what the parked wait for stays open, and is looked at in the step in which they park. */
class OpenForGood implements Barrier {
  readonly arrived = new Signal();
  readonly #released = new Signal(); // <-

  async hit(): Promise<'parked' | 'passed'> {
    await point('hit:lookup');
    await point('hit:park');
    if (this.#released.isOpen) return 'passed'; // <-
    this.arrived.open();
    await this.#released.promise;
    return 'parked';
  }

  release(): void {
    this.#released.open();
  }
}

function occupied(create: () => Barrier): Body {
  return async (sim) => {
    const barrier = create();
    let released = false;
    let hasArrived = false;
    const outcomes: string[] = [];
    const work = async (): Promise<void> => {
      const outcome = await barrier.hit();
      invariant(outcome === 'passed' || released, 'a worker that was parked went on before the release');
      outcomes.push(outcome);
    };
    await together(sim, {
      first: work,
      second: work,
      async controller() {
        await point('release');
        hasArrived = barrier.arrived.isOpen;
        if (!hasArrived) sim.branch('released before the arrival');
        released = true;
        barrier.release();
      },
    });
    const parked = outcomes.filter((outcome) => outcome === 'parked').length;
    sim.branch(['nobody parked', 'one parked', 'both parked'][parked]!);
    invariant(parked === 0 || hasArrived, 'a worker parked after the release, or was not announced');
    invariant(barrier.arrived.isOpen === hasArrived, 'an arrival was announced after the release');
  };
}

export const C42 = defineCase({
  id: 'C42',
  title: 'Barrier occupancy',
  source: 'S2.45',
  file: 'barriers/c42-occupancy.ts',
  invariant: 'All who park are let go; after the release nobody parks.',
  points: ['hit:lookup', 'hit:park', 'release'],
  branches: ['nobody parked', 'one parked', 'both parked', 'released before the arrival'],
  buggy: {
    'one place': {
      body: occupied(() => new OnePlace()),
      fails: /^deadlock: .*(first|second) waits/,
      without: 'room for all who park',
      forced: { script: ['hit:lookup', 'hit:lookup', 'release'] },
    },
  },
  halfFixed: {
    'many places': {
      body: occupied(() => new ManyPlaces()),
      fails: /^deadlock: .*(first|second) waits/,
      without: 'the second look at the release',
      forced: { script: ['hit:lookup', 'release', 'hit:park'] },
    },
  },
  fixed: { 'open for good': { exhaustive: true, body: occupied(() => new OpenForGood()) } },
});
