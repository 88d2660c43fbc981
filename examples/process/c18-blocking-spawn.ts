import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { Os } from '../os/os.ts';
import { launch, SOUND, type Shape } from './handshake.ts';

/*
 * C18: a spawn that blocks, and a handshake that comes after it.
 *
 * Spawn returns when the child has execed. The child execs when it has been released. The release is what the parent
 * does after the spawn: each waits for the other. The spawn must run beside the handshake.
 */

function placed(shape: Shape): Body {
  return async (sim) => {
    const os = new Os(sim);
    const main = os.boot('main');
    await os.drive(main, async () => {
      const pid = await launch(os, main, shape);
      const child = os.find(pid)!;
      while (child.execs === 0) await main.at('settle');
      invariant(child.placed, 'the child was started unplaced');
      sim.branch('placed, then exec');
      os.halt();
    });
  };
}

export const C18 = defineCase({
  id: 'C18',
  title: 'Blocking spawn against handshake',
  source: 'S4.55',
  file: 'process/c18-blocking-spawn.ts',
  invariant: 'The child is placed before it execs; nobody hangs.',
  points: ['main:pipe', 'main:place', 'main:write', 'child:read', 'child:exec'],
  branches: ['placed, then exec'],
  buggy: {
    'spawn, then handshake': {
      body: placed({ ...SOUND, spawnsBeside: false }), // <-
      fails: /^deadlock: .*main waits/,
      without: 'the thread of its own',
    },
  },
  fixed: { 'a thread of its own': { exhaustive: { preemptions: 3 }, body: placed(SOUND) } },
});
