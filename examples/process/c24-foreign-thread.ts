import { point } from '../../scheduler/point.ts';
import { defineCase, invariant, together, type Body } from '../catalogue/define-case.ts';
import type { Disposition } from '../os/process.ts';

/*
 * C24: two threads install a process-wide disposition.
 *
 * Saving and setting are two calls. Two threads that do both at the same time save each other's setting, and what is
 * restored in the end is not what was there in the beginning. So the first thread that installs becomes the owner,
 * and everybody else is refused; which is a check and an act again.
 */

interface Guard {
  owner: string | undefined;
  disposition: Disposition;
  /** @throws Error if somebody else owns it. */
  claim(thread: string): void | Promise<void>;
}

const anybody = (): void => undefined;

/** Half a fix: looks for an owner, then becomes one. */
async function lookThenClaim(this: Guard, thread: string): Promise<void> {
  const { owner } = this;
  await point('scope:claim');
  if (owner !== undefined && owner !== thread) throw new Error('owned by another thread');
  this.owner = thread; // <- somebody else may be by now
}

/** Fixed: compare and swap. */
function claimAtOnce(this: Guard, thread: string): void {
  this.owner ??= thread; // <-
  if (this.owner !== thread) throw new Error('owned by another thread');
}

async function use(guard: Guard, thread: string): Promise<void> {
  await guard.claim(thread);
  await point('scope:save');
  const before = guard.disposition;
  await point('scope:set');
  guard.disposition = 'default';
  await point('scope:restore');
  guard.disposition = before;
}

function twoThreads(claim: Guard['claim']): Body {
  return async (sim) => {
    const guard: Guard = { owner: undefined, disposition: 'ignore', claim };
    const users: string[] = [];
    let first: string | undefined;
    const thread = (name: string) => async (): Promise<void> => {
      await point('thread:begin');
      first ??= name;
      try {
        await use(guard, name);
        users.push(name);
        sim.branch('owner');
        if (first !== name) sim.branch('the later one owns');
      } catch {
        sim.branch('foreign thread refused');
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
  points: ['thread:begin', 'scope:claim', 'scope:save', 'scope:set', 'scope:restore'],
  branches: ['owner', 'foreign thread refused'],
  buggy: {
    anybody: {
      body: twoThreads(anybody),
      fails: /leaked|two threads/,
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
      body: twoThreads(lookThenClaim),
      fails: /leaked|two threads/,
      without: 'looking and claiming in one step',
    },
  },
  fixed: { 'compare and swap': { exhaustive: true, body: twoThreads(claimAtOnce) } },
});
