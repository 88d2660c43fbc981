import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { Os } from '../os/os.ts';
import { launch, SOUND, type Shape } from './handshake.ts';

/*
 * C20: a descriptor number that is used again.
 *
 * The parent closes its copy of the notify pipe's write end early, as one does. The spawner then opens its status pipe
 * and gets that very number; the child writes its pid to it, into the wrong pipe. The parent waits for a pid that
 * never comes, and the spawner reads one where it expects an error.
 */

function numbered(shape: Shape): Body {
  return async (sim) => {
    const os = new Os(sim);
    const main = os.boot('main');
    await os.drive(main, async () => {
      try {
        const pid = await launch(os, main, shape);
        invariant(os.find(pid)?.placed === true, 'the child was started unplaced');
        sim.branch('number not used again');
      } catch (error) {
        invariant(false, `the pid went into the wrong pipe: ${(error as Error).message}`);
      }
      os.halt();
    });
  };
}

export const C20 = defineCase({
  id: 'C20',
  title: 'Descriptor number used again',
  source: 'S4.53',
  file: 'process/c20-reused-number.ts',
  invariant: 'The pid arrives on the notify pipe and nowhere else.',
  points: ['main:close', 'spawner:pipe', 'spawner:fork', 'child:write'],
  branches: ['number not used again'],
  // Who dawdles while others work is no part of this race.
  options: { time: 'idle' },
  buggy: {
    'closed before the fork': {
      body: numbered({ ...SOUND, keepsNotifyEnd: false }), // <-
      fails: /wrong pipe/,
      without: 'keeping the end until the pid was read',
      forced: { script: ['main:close', 'spawner:pipe', 'spawner:fork', 'child:write'] },
    },
  },
  fixed: { 'closed after the pid was read': { exhaustive: { preemptions: 3 }, body: numbered(SOUND) } },
});
