import { point } from '../../scheduler/point.ts';
import { defineCase, invariant, together, type Body } from '../catalogue/define-case.ts';
import type { Disposition } from '../os/process.ts';

/*
 * C23: scopes of a signal disposition that do not nest.
 *
 * Each handle saves the disposition of SIGCHLD, sets it to the default, and restores what it saved when it is let go.
 * That is right while the handles are let go in the reverse order. In the order of their creation the first restores
 * the initial one and the second puts the default back: it leaks into the process. Who starts from the default sees
 * nothing of this, whatever the order: the initial disposition must be another one, or the test is vacuous.
 */

interface Scopes {
  current: Disposition;
  /** Both return at once; a scope that is let go out of order may throw. */
  enter(): () => void;
}

function saved(initial: Disposition): Scopes {
  const scopes: Scopes = {
    current: initial,
    enter() {
      const before = scopes.current;
      scopes.current = 'default';
      return () => (scopes.current = before); // <- whatever happened since
    },
  };
  return scopes;
}

/** Half a fix: notices what is out of order, and leaves it so. */
function checked(initial: Disposition): Scopes {
  const stack: Disposition[] = [];
  const scopes: Scopes = {
    current: initial,
    enter() {
      stack.push(scopes.current);
      const depth = stack.length;
      scopes.current = 'default';
      return () => {
        if (stack.length !== depth) throw new Error('scopes were let go out of order'); // <-
        scopes.current = stack.pop()!;
      };
    },
  };
  return scopes;
}

/** Fixed: the first one in saves, the last one out restores. */
function counted(initial: Disposition): Scopes {
  let alive = 0;
  let before: Disposition;
  const scopes: Scopes = {
    current: initial,
    enter() {
      if (alive++ === 0) before = scopes.current; // <-
      scopes.current = 'default';
      return () => {
        if (--alive === 0) scopes.current = before; // <-
      };
    },
  };
  return scopes;
}

function twoHandles(create: (initial: Disposition) => Scopes, initial: Disposition = 'ignore'): Body {
  return async (sim) => {
    const scopes = create(initial);
    const entered: string[] = [];
    const left: string[] = [];
    const handle = (name: string) => async (): Promise<void> => {
      await point('scope:enter');
      const leave = scopes.enter();
      entered.push(name);
      await point('scope:leave');
      invariant(scopes.current === 'default', 'the disposition is not that of the scope that is alive');
      leave();
      left.push(name);
    };
    await together(sim, { a: handle('a'), b: handle('b') });
    const isNested = entered.join() !== left.join();
    sim.branch(isNested ? 'LIFO' : 'not LIFO');
    invariant(scopes.current === initial, 'the disposition of a scope has leaked');
  };
}

export const C23 = defineCase({
  id: 'C23',
  title: 'Disposition scopes let go out of order',
  source: 'S4.61, S4.27, T87, D16',
  file: 'process/c23-non-lifo-scope.ts',
  invariant: 'When no scope is alive the disposition is the initial one.',
  points: ['scope:enter', 'scope:leave'],
  branches: ['LIFO', 'not LIFO'],
  buggy: {
    'each restores what it saved': {
      body: twoHandles(saved),
      fails: /has leaked|of the scope that is alive/,
      forced: { script: ['scope:enter', 'scope:enter', 'a at scope:leave', 'b at scope:leave'] },
    },
  },
  halfFixed: {
    'a checked stack': { body: twoHandles(checked), fails: /out of order/ },
  },
  fixed: { 'first in saves, last out restores': { exhaustive: true, body: twoHandles(counted) } },
});

/** What makes the buggy variant pass in every order: an initial disposition that nobody can tell from the leak. */
export const VACUOUS_INITIAL = twoHandles(saved, 'default');
