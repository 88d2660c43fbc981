import { point } from '../../scheduler/point.ts';
import { defineCase, invariant, together, type Body } from '../catalogue/define-case.ts';
import { Registry, Signal, type Remove } from './registry.ts';

/*
 * C06: releasing an old barrier takes a newer one away.
 *
 * A registry keeps its barriers by token, and by key the token that is in force. Installing a key again supersedes.
 * The release of the superseded token then clears the key all the same: the newer barrier can be reached by nobody,
 * its worker runs through, and whoever waits for that worker waits for ever.
 */

const unconditional: Remove = ({ byKey }, _token, { key }) => void byKey.delete(key); // <- whoever is there now

/** Half a fix: compares, and deletes a moment later. */
const compareThenDelete: Remove = async ({ byKey }, token, { key }) => {
  const isCurrent = byKey.get(key) === token; // <-
  await point('release:delete');
  if (isCurrent) byKey.delete(key);
};

/** Half a fix, over-eager: everything of that key goes. */
const wholeKey: Remove = ({ byKey, tokens }, _token, { key }) => {
  for (const [other, slot] of tokens) if (slot.key === key) tokens.delete(other); // <-
  byKey.delete(key);
};

/** Fixed: compare and delete, in one step. */
export const compareAndDelete: Remove = ({ byKey }, token, { key }) => {
  if (byKey.get(key) === token) byKey.delete(key); // <-
};

function rendezvous(remove: Remove): Body {
  return async (sim) => {
    const registry = new Registry((self, token, slot) => {
      sim.branch(self.byKey.get(slot.key) === token ? 'released current' : 'released superseded');
      return remove(self, token, slot);
    });
    const key = 'page 7';
    const older = new Signal();
    const newer = new Signal();
    const hit = async (): Promise<void> => sim.branch((await registry.hook(key)) ? 'worker parked' : 'worker passed');
    await together(sim, {
      async a() {
        await point('install');
        const token = registry.install(key);
        older.open();
        await registry.release(token);
        if (!(await registry.release(token))) sim.branch('released unknown');
      },
      async b() {
        await older.promise;
        await point('install');
        const token = registry.install(key);
        newer.open();
        await registry.waitHeld(token);
        await registry.release(token);
      },
      async worker() {
        await newer.promise;
        await hit();
      },
      passer: hit,
    });
    invariant(registry.tokens.size === 0 && registry.byKey.size === 0, 'the registry keeps what was released');
  };
}

export const C06 = defineCase({
  id: 'C06',
  title: 'Release of a superseded barrier',
  source: 'S2.14 to S2.18',
  file: 'barriers/c06-superseded-release.ts',
  invariant: 'A barrier in force is reached by its worker; nobody stays parked.',
  points: ['install', 'release:lookup', 'release:delete', 'hook:lookup', 'hook:park'],
  branches: ['released current', 'released superseded', 'released unknown', 'worker parked', 'worker passed'],
  buggy: {
    'delete whatever is there': {
      body: rendezvous(unconditional),
      fails: /^deadlock: .*b waits/,
      without: 'the comparison',
      forced: { script: ['hook:lookup', 'install', 'install', 'release:lookup', 'hook:lookup'] },
    },
  },
  halfFixed: {
    'compare, then delete': {
      body: rendezvous(compareThenDelete),
      fails: /^deadlock: .*b waits/,
      without: 'comparison and deletion in one step',
      forced: { script: ['hook:lookup', 'install', 'release:lookup', 'install', 'release:delete', 'hook:lookup'] },
    },
    'delete everything of the key': {
      body: rendezvous(wholeKey),
      fails: /is gone|^deadlock: .*(b|worker|passer) waits/,
    },
  },
  fixed: { 'compare and delete': { exhaustive: { preemptions: 2 }, body: rendezvous(compareAndDelete) } },
});
