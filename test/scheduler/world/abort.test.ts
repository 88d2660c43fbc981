import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { inside, later, Log, sameAsNode } from './controlled.ts';

describe('AbortSignal.timeout', () => {
  sameAsNode('aborts with a TimeoutError', async () => {
    const signal = AbortSignal.timeout(3);
    const before = signal.aborted;
    const event = await new Promise<Event>((resolve) => signal.addEventListener('abort', resolve));
    const { name, message, code } = signal.reason as DOMException;
    return [before, signal.aborted, event.type, name, message, code, signal instanceof AbortSignal];
  });

  test('in virtual time', async () => {
    await inside(async (sim) => {
      const signal = AbortSignal.timeout(60_000);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      expect(sim.now()).toBe(60_000);
    });
  });

  test('keeps nothing alive: with nothing else left it fires, and is no leak', async () => {
    await inside(
      async (sim) => {
        AbortSignal.timeout(60_000);
        await sim.point('p');
      },
      { leaks: 'fail' },
    );
  });

  sameAsNode('AbortSignal.any follows it', async () => {
    const log = new Log();
    const controller = new AbortController();
    const any = AbortSignal.any([AbortSignal.timeout(4), controller.signal]);
    any.addEventListener('abort', () => log.say((any.reason as Error).name));
    await later(30);
    controller.abort();
    log.say(getEventListeners(controller.signal, 'abort').length);
    return log.lines;
  });

  sameAsNode('wrong delays are refused with the host’s errors', () =>
    [-1, 1.5, NaN, '5', undefined, 2 ** 53].map((delay) => {
      try {
        AbortSignal.timeout(delay as number);
        return 'no error';
      } catch (error) {
        return `${(error as Error).name} ${(error as { code?: string }).code}`;
      }
    }),
  );

  test('in elastic time it races with what it guards', async () => {
    const seen = new Set<string>();
    await inside(
      async (sim) => {
        const signal = AbortSignal.timeout(20);
        await sim.spawn('read', async () => {
          for (let i = 0; i < 4; i++) await sim.point('read');
          seen.add(signal.aborted ? 'aborted' : 'read');
        });
      },
      { strategy: 'random', runs: 200, seed: 1, time: 'elastic' },
    );
    expect([...seen].sort()).toEqual(['aborted', 'read']);
  });
});
