import { describe, expect, test } from 'vitest';
import { installDispatchers } from '../../../scheduler/world/controls.ts';
import { inside } from './controlled.ts';

/*
 * The same tests once more, with dispatchers that were put in place before the tests' own modules, and all that
 * they capture, were loaded.
 */
const originals = { setTimeout, Date, random: Math.random };
installDispatchers();
const captured = await import('./captured.ts');

describe('dispatchers', () => {
  test('stand for good', async () => {
    const { setTimeout: dispatch } = globalThis;
    expect(dispatch).not.toBe(originals.setTimeout);
    await inside(() => expect(setTimeout).toBe(dispatch));
    installDispatchers();
    expect(setTimeout).toBe(dispatch);
  });

  test('look like the originals', () => {
    for (const [dispatch, original] of [
      [setTimeout, originals.setTimeout],
      [Date, originals.Date],
      [Math.random, originals.random],
    ] as const) {
      const keys = (of: object): PropertyKey[] => Reflect.ownKeys(of).filter((key) => key !== 'prototype');
      expect(new Set(keys(dispatch))).toEqual(new Set(keys(original)));
      expect([dispatch.name, dispatch.length]).toEqual([original.name, original.length]);
    }
  });

  test.each(Object.entries(captured.timers))(
    '%s, captured when its module was loaded, is controlled',
    async (_, wait) => {
      await inside(async (sim) => {
        await wait(1_000_000);
        expect(sim.now()).toBe(1_000_000);
      });
    },
  );

  test.each(Object.entries(captured.clocks))(
    '%s, captured when its module was loaded, is controlled',
    async (_, read) => {
      await inside(async (sim) => {
        const from = read();
        await sim.sleep(1_000_000);
        expect(read() - from).toBeCloseTo(1_000_000, 6);
      });
      const from = read();
      const real = performance.now();
      while (performance.now() < real + 2);
      expect(read() - from).toBeGreaterThan(0.9);
      expect(read() - from).toBeLessThan(60_000);
    },
  );

  test.each(Object.entries(captured.chance))(
    '%s, captured when its module was loaded, is controlled',
    async (_, draw) => {
      const seeded = (): Promise<unknown> => inside(() => draw(), { seed: 11 });
      expect(await seeded()).toEqual(await seeded());
      expect(draw()).not.toEqual(draw());
    },
  );

  test('captured constructors of channels and an immediate are controlled', async () => {
    await inside(async (sim) => {
      const { port1, port2 } = new captured.channels.MessageChannel();
      const [a, b] = [new captured.channels.BroadcastChannel('x'), new captured.channels.BroadcastChannel('x')];
      const seen: string[] = [];
      const done = new Promise<void>((resolve) => {
        port2.on('message', (value: string) => seen.push(value));
        b.onmessage = () => {
          seen.push('to all');
          captured.immediate(() => resolve(void seen.push('immediate')));
        };
      });
      port1.postMessage('port');
      a.postMessage('');
      await sim.point('p');
      expect(seen).toEqual([]);
      await done;
      expect(seen).toEqual(['port', 'to all', 'immediate']);
      for (const one of [port1, a, b]) one.close();
    });
  });
});

describe.each(['timers', 'timers-promises', 'clocks', 'entropy', 'channels', 'abort', 'async-context', 'promises'])(
  '%s',
  async (name) => {
    await import(`./${name}.test.ts`);
  },
);
