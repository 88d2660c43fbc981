import { describe, expect, test } from 'vitest';
import { hop } from '../../scheduler/point.ts';
import { explore, replay, type Sim } from '../../src/index.ts';

describe('reach', () => {
  const site = (text: string, file = 'src/app.ts') => ({ file, line: 1, column: 1, text, fn: 'add' });
  /** A lost update with an instrumented await between read and write. */
  const update =
    (wait: (sim: Sim) => PromiseLike<unknown>, file?: string) =>
    async (sim: Sim): Promise<void> => {
      let n = 0;
      const add = async (name: string): Promise<void> => {
        // Callbacks of their own: Node runs everything that is ready between two of them.
        await new Promise((resolve) => setImmediate(resolve));
        const seen = n;
        await hop(wait(sim), site(name, file));
        n = seen + 1;
      };
      await Promise.all([sim.spawn('one', () => add('one')), sim.spawn('two', () => add('two'))]);
      if (n !== 2) throw new Error('lost update');
    };
  /** A lost update between named points. */
  const points = async (sim: Sim): Promise<void> => {
    let n = 0;
    const add = async (): Promise<void> => {
      const seen = n;
      await sim.point('read');
      n = seen + 1;
    };
    await Promise.all([sim.spawn('one', add), sim.spawn('two', add)]);
    if (n !== 2) throw new Error('lost update');
  };
  const timer = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 5));
  const reachOf = async (body: (sim: Sim) => unknown): Promise<string | undefined> => {
    const { failure } = await explore(body, { seed: 1, vacuity: 'off', strategy: 'random' });
    if (failure !== undefined) {
      expect(failure.kind).toBe('error');
      expect((await replay(body, failure.token)).failure).toMatchObject({ reach: failure.reach, trace: failure.trace });
    }
    return failure?.reach;
  };

  test('today: Node can do it, because the awaits overlap as they are', async () => {
    expect(await reachOf(update(timer))).toBe('today');
    expect(await reachOf(points)).toBe('today');
  });

  test('tick: only an await of a settled value takes long enough', async () => {
    expect(await reachOf(update(() => Promise.resolve()))).toBe('tick');
  });

  test('latent: an await of something pending must take longer', async () => {
    const pending = async (): Promise<void> => {
      await null;
      await null;
    };
    expect(await reachOf(update(pending))).toBe('latent');
  });

  test('tick: the await stands in the test file itself', async () => {
    const pending = async (): Promise<void> => {
      await null;
      await null;
    };
    for (const file of ['src/app.test.ts', 'a/b.spec.mjs', 'a/__tests__/b.ts', 'test.js']) {
      expect(await reachOf(update(pending, file)), file).toBe('tick');
    }
  });

  test('tick: a native reaction overtakes an instrumented await of the same promise', async () => {
    const body = async (): Promise<void> => {
      const seen: string[] = [];
      const shared = new Promise<void>((resolve) => setTimeout(resolve, 5));
      const first = (async () => {
        await hop(shared, site('shared'));
        seen.push('instrumented');
      })();
      const second = shared.then(() => seen.push('native'));
      await Promise.all([first, second]);
      if (seen[0] === 'native') throw new Error('overtaken');
    };
    expect(await reachOf(body)).toBe('tick');
  });

  test('what Node can do today is told without the awaits in between', async () => {
    // Each await of the closer is overtaken by nobody, and each is a choice against natural order.
    const body = async (sim: Sim): Promise<void> => {
      let created = 0;
      let seen = -1;
      const creating = (async () => {
        await hop(sim.point('create'), site('create'));
        created++;
      })();
      const closing = sim.spawn('closer', async () => {
        for (let i = 0; i < 4; i++) await hop(sim.point('close'), site('close'));
        seen = created;
      });
      await Promise.all([creating, closing]);
      if (seen === 0) throw new Error('closed too early');
    };
    for (let seed = 1; seed <= 8; seed++) {
      const { failure } = await explore(body, { seed, vacuity: 'off', strategy: 'random' });
      expect([failure?.reach, failure?.deviations, failure!.preemptions <= 1]).toEqual(['today', 1, true]);
    }
  });

  test('a schedule of greater reach is preferred', async () => {
    // Both the settled await and the sleep lose the update.
    const body = async (sim: Sim): Promise<void> => {
      let n = 0;
      const add = async (): Promise<void> => {
        await new Promise((resolve) => setImmediate(resolve));
        const seen = n;
        await hop(Promise.resolve(), site('settled'));
        await sim.sleep(1);
        n = seen + 1;
      };
      await Promise.all([sim.spawn('one', add), sim.spawn('two', add)]);
      if (n !== 2) throw new Error('lost update');
    };
    expect(await reachOf(body)).toBe('today');
  });
});
