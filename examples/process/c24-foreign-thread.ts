import { point } from '../../scheduler/point.ts';
import { defineCase, invariant, together, type Body } from '../catalogue/define-case.ts';
import type { Disposition } from '../os/process.ts';

/*
 * C24: two threads install a process-wide disposition.
 *
 * Saving and setting are two calls. Two threads that do both at the same time save each other's setting, and what is
 * restored in the end is not what was there in the beginning. So the first thread that installs becomes the owner,
 * and everybody else is refused; which is a check and an act again. And a scope may be let go by its owner only: handed
 * to another thread, it would be taken away from under whoever is in it.
 */

interface Scope {
  readonly before: Disposition;
}

interface Guard {
  owner: string | undefined;
  disposition: Disposition;
  /** The scope that is alive. */
  scope: Scope | undefined;
}

/** Both throw `Foreign` at whoever is not the owner. */
interface Rules {
  claim(guard: Guard, thread: string): void | Promise<void>;
  drop(guard: Guard, thread: string): void;
}

class Foreign extends Error {}

const anybody = (): void => undefined;

/** Half a fix: looks for an owner, then becomes one. */
async function lookThenClaim(guard: Guard, thread: string): Promise<void> {
  const { owner } = guard;
  await point('scope:claim');
  if (owner !== undefined && owner !== thread) throw new Foreign();
  guard.owner = thread; // <- somebody else may be by now
}

/** Fixed: compare and swap. */
function claimAtOnce(guard: Guard, thread: string): void {
  guard.owner ??= thread; // <-
  if (guard.owner !== thread) throw new Foreign();
}

/** Fixed: who has not opened it does not close it. */
function ownerOnly(guard: Guard, thread: string): void {
  if (guard.owner !== thread) throw new Foreign(); // <-
}

async function use(guard: Guard, thread: string, rules: Rules): Promise<void> {
  await rules.claim(guard, thread);
  await point('scope:save');
  const scope = { before: guard.disposition };
  await point('scope:set');
  guard.disposition = 'default';
  guard.scope = scope;
  await point('scope:restore');
  invariant(guard.disposition === 'default', 'the disposition is not that of the scope that is alive');
  letGo(guard, scope, thread, rules);
}

function letGo(guard: Guard, scope: Scope, thread: string, rules: Rules): void {
  rules.drop(guard, thread);
  guard.disposition = scope.before;
  guard.scope = undefined;
}

function twoThreads(rules: Rules): Body {
  return async (sim) => {
    const guard: Guard = { owner: undefined, disposition: 'ignore', scope: undefined };
    const users: string[] = [];
    let first: string | undefined;
    const thread = (name: string) => async (): Promise<void> => {
      await point('thread:begin');
      first ??= name;
      try {
        await use(guard, name, rules);
        users.push(name);
        sim.branch('owner');
        if (first !== name) sim.branch('the later one owns');
      } catch (error) {
        if (!(error instanceof Foreign)) throw error;
        const isOpen = guard.scope !== undefined || users.length > 0;
        sim.branch(isOpen ? 'foreign construct refused' : 'first construct race');
        await point('scope:drop');
        if (guard.scope === undefined) return;
        try {
          letGo(guard, guard.scope, name, rules);
        } catch {
          sim.branch('foreign drop refused');
        }
      }
    };
    await together(sim, { t1: thread('t1'), t2: thread('t2') });
    invariant(guard.disposition === 'ignore', 'the disposition has leaked');
    invariant(users.length <= 1, 'two threads own it');
  };
}

export const C24 = defineCase({
  id: 'C24',
  title: 'Disposition installed by two threads',
  source: 'S4.62',
  file: 'process/c24-foreign-thread.ts',
  invariant: 'Exactly one thread owns the disposition; it is restored to what it was.',
  points: ['thread:begin', 'scope:claim', 'scope:save', 'scope:set', 'scope:restore', 'scope:drop'],
  branches: ['owner', 'foreign construct refused', 'first construct race', 'foreign drop refused'],
  buggy: {
    anybody: {
      body: twoThreads({ claim: anybody, drop: anybody }),
      fails: /leaked|two threads|scope that is alive/,
      without: 'the owner',
      forced: {
        script: [
          't1 at scope:save',
          't1 at scope:set',
          't2 at scope:save',
          't2 at scope:set',
          't1 at scope:restore',
          't2 at scope:restore',
        ],
      },
    },
  },
  halfFixed: {
    'look, then claim': {
      body: twoThreads({ claim: lookThenClaim, drop: ownerOnly }),
      fails: /leaked|two threads|scope that is alive|Foreign/,
      without: 'looking and claiming in one step',
    },
    'anybody may let it go': {
      body: twoThreads({ claim: claimAtOnce, drop: anybody }),
      fails: /scope that is alive/,
      without: 'the owner at the end, too',
      forced: { script: ['scope:set', 'scope:drop', 'scope:restore'] },
    },
  },
  fixed: { 'compare and swap': { exhaustive: true, body: twoThreads({ claim: claimAtOnce, drop: ownerOnly }) } },
});
