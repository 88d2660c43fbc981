import { Mutex } from 'async-mutex';
import { describe, expect, test } from 'vitest';
import { tellFailure } from '../../properties/story.ts';
import { explore, type Sim } from '../../src/index.ts';

/** Two locks taken in either order, each of which says who holds it. */
function twoLocks(second: readonly ['left' | 'right', 'left' | 'right']) {
  return async (sim: Sim): Promise<void> => {
    const locks = { left: new Mutex(), right: new Mutex() };
    const holders: Record<string, string | undefined> = {};
    const take = async (task: string, name: 'left' | 'right'): Promise<() => void> => {
      const release = await sim.waiting(locks[name].acquire(), `the ${name} lock`, () => holders[name]);
      holders[name] = task;
      return release;
    };
    const both = (task: string, order: readonly ('left' | 'right')[]) => async (): Promise<void> => {
      const first = await take(task, order[0]!);
      await sim.point('has one');
      const other = await take(task, order[1]!);
      other();
      first();
    };
    const a = sim.spawn('a', both('a', ['left', 'right']));
    const b = sim.spawn('b', both('b', second));
    await Promise.all([a, b]);
  };
}

describe('a deadlock of tasks that say what they wait for', () => {
  test('tells who holds it, where, and the circle', async () => {
    const { failure } = await explore(twoLocks(['right', 'left']), { seed: 1 });
    expect(failure?.kind).toBe('deadlock');
    expect([...failure!.waiting].sort((x, y) => (x.task < y.task ? -1 : 1))).toEqual([
      {
        task: 'a',
        on: 'the right lock',
        heldBy: 'b',
        site: expect.stringMatching(/circle\.test\.ts:\d+:\d+$/) as string,
      },
      {
        task: 'b',
        on: 'the left lock',
        heldBy: 'a',
        site: expect.stringMatching(/circle\.test\.ts:\d+:\d+$/) as string,
      },
      expect.objectContaining({ task: 'main' }),
    ]);
    const circle =
      /They wait in a circle: (a \(the right lock\) → b \(the left lock\) → a|b \(the left lock\) → a \(the right lock\) → b)\./;
    expect(failure?.message).toMatch(circle);
    expect(tellFailure(failure!)).toMatch(circle);
    expect(tellFailure(failure!)).toMatch(/^ {2}a +waits on the right lock, held by b +\S+:\d+:\d+$/m);
  });

  test('passes where the order is one, and an explained wait that ended is not told', async () => {
    expect((await explore(twoLocks(['left', 'right']), { seed: 1 })).verdict).toBe('pass');
    const { failure } = await explore(
      async (sim) => {
        await sim.waiting(Promise.resolve(), 'what is there', () => 'nobody');
        await sim.waiting(new Promise(() => undefined), 'what never comes', () => 'nobody');
      },
      { seed: 1 },
    );
    expect(failure?.waiting).toMatchObject([{ task: 'main', on: 'what never comes', heldBy: 'nobody' }]);
    expect(failure?.message).not.toContain('in a circle');
  });
});
