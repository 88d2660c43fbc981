import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { Os } from '../os/os.ts';
import { launch, SOUND, type Shape } from './handshake.ts';

/*
 * C19: an inherited write end hides the end of file.
 *
 * When the placement fails, the parent drops both ends of the release pipe, so that the child reads end of file and
 * gives up. But the child has inherited a write end of that very pipe: as long as it is open, there is no end of
 * file, the child waits for itself, and the spawner, which is joined, waits for the child.
 */

function abandoned(shape: Shape): Body {
  return async (sim) => {
    const os = new Os(sim);
    const main = os.boot('main');
    await os.drive(main, async () => {
      // Whether the placement works is decided while the handshake runs.
      const failing = sim.spawn('disk', async () => {
        for (let i = 0; i < 15; i++) await sim.point('disk:fills');
        os.placementFails = true;
      });
      try {
        const child = os.find(await launch(os, main, shape))!;
        sim.branch('released');
        invariant(child.placed, 'the child was started unplaced');
      } catch (error) {
        invariant((error as Error).message === 'EIO: place', `not the root cause: ${(error as Error).message}`);
        sim.branch('abandoned: end of file');
        invariant(os.alive.length === 1, 'an unplaced child lives on');
      }
      await failing;
      os.halt();
    });
  };
}

export const C19 = defineCase({
  id: 'C19',
  title: 'Inherited write end hides end of file',
  source: 'S4.51 step 0, S4.57, T86',
  file: 'process/c19-inherited-end.ts',
  invariant: 'An abandoned child ends and never execs; the spawner can be joined.',
  points: ['spawner:fork', 'child:close', 'child:read', 'main:place', 'disk:fills'],
  branches: ['released', 'abandoned: end of file'],
  buggy: {
    'the inherited ends stay open': {
      body: abandoned({ ...SOUND, closesInherited: false }), // <-
      fails: /^deadlock: .*child waits/,
      without: 'closing the inherited ends',
      forced: {
        gates: {
          'the disk is full first': (sim) =>
            void sim.hold('main:place').until(() => sim.departures('disk:fills') === 15),
        },
      },
    },
  },
  fixed: {
    'closed first': { exhaustive: { preemptions: 1 }, body: abandoned(SOUND) },
    // Explored, and found to work too: nobody reads end of file before the child asks for its byte.
    'closed after the pid was written': {
      exhaustive: { preemptions: 1 },
      body: abandoned({ ...SOUND, closesInheritedLate: true }),
    },
  },
});
