import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { Os } from '../os/os.ts';
import type { Thread } from '../os/thread.ts';
import { launch, SOUND, type Fate, type Shape } from './handshake.ts';

/*
 * C22: which error is told, and who is joined.
 *
 * The handshake and the spawn fail in any order and for each other's reasons: a placement that fails makes the child
 * exit with EPIPE, so the spawn fails too, later. Told first, EPIPE hides the disk that was full. Whoever leaves
 * without joining the spawner leaves a child behind that is forked a moment later; and where the parent fails after it
 * has let the child go on, the spawn succeeds: that child is alive, and nobody has its handle.
 */

async function recordFails(parent: Thread): Promise<never> {
  await parent.at('record');
  throw new Error('ENOSPC: record');
}

const SCENES = {
  'ok, ok': { fate: {}, cause: undefined },
  'placement fails': { fate: {}, cause: 'EIO: place' },
  'exec fails': { fate: { execFails: true }, cause: 'spawn failed: ENOENT' },
  'spawner breaks': { fate: { spawnerPanics: true }, cause: 'the spawner broke' },
  'parent fails, spawn succeeds': { fate: { afterRelease: recordFails }, cause: 'ENOSPC: record' },
} as const satisfies Record<string, { fate: Fate; cause: string | undefined }>;
type Scene = keyof typeof SCENES;

function failing(shape: Shape, scene: Scene): Body {
  const { fate, cause } = SCENES[scene];
  return async (sim) => {
    const os = new Os(sim);
    os.placementFails = scene === 'placement fails';
    const main = os.boot('main');
    await os.drive(main, async () => {
      let told: string | undefined;
      let pid = 0;
      try {
        pid = await launch(os, main, shape, fate);
      } catch (error) {
        told = (error as Error).message;
      }
      sim.branch(scene);
      invariant(told === cause, `told '${told ?? 'nothing'}' where '${cause ?? 'nothing'}' is the cause`);
      const left = os.alive.filter((one) => one !== main.process && one.pid !== pid);
      os.halt();
      invariant(left.length === 0, 'a child lives on behind an error');
    });
  };
}

const everyScene: Body = async (sim) => {
  for (const scene of Object.keys(SCENES) as Scene[]) await failing(SOUND, scene)(sim);
};

export const C22 = defineCase({
  id: 'C22',
  title: 'Error precedence and join',
  source: 'S4.56, D13',
  file: 'process/c22-error-precedence.ts',
  invariant: 'The root cause is told, the spawner is joined, no child lives on behind an error.',
  points: ['main:place', 'main:record', 'main:close', 'spawner:read', 'child:exit', 'child:exec'],
  branches: Object.keys(SCENES),
  options: { time: 'idle' },
  buggy: {
    'the first error wins': {
      body: failing({ ...SOUND, tellsRootCause: false }, 'placement fails'), // <-
      fails: /told 'spawn failed: EPIPE'/,
      without: 'the precedence',
    },
    'nobody is joined': {
      body: failing({ ...SOUND, joins: false }, 'placement fails'), // <-
      fails: /a child lives on|told/,
      without: 'the join',
    },
  },
  halfFixed: {
    'the child of a spawn that succeeded is forgotten': {
      body: failing({ ...SOUND, reaps: false }, 'parent fails, spawn succeeds'), // <-
      fails: /a child lives on/,
      without: 'the kill of a child that came to life nevertheless',
    },
  },
  fixed: { 'root cause, after the join': { exhaustive: { preemptions: 1 }, body: everyScene } },
});
