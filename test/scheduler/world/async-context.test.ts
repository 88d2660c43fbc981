import { AsyncLocalStorage, AsyncResource, executionAsyncId, triggerAsyncId } from 'node:async_hooks';
import { EventEmitter, EventEmitterAsyncResource } from 'node:events';
import * as promised from 'node:timers/promises';
import * as workerThreads from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { hop, type Site } from '../../../scheduler/point.ts';
import type { Sim } from '../../../src/index.ts';
import { inside, later } from './controlled.ts';

const site: Site = { file: 'a.ts', line: 1, column: 1, text: 'read()', fn: 'f' };
const callback = (arm: (done: () => void) => unknown): Promise<void> =>
  new Promise((resolve) => void arm(() => resolve()));

/** One wait of each kind of operation, and of everything native that code waits on. */
const WAITS: Record<string, (sim: Sim) => unknown> = {
  point: (sim) => sim.point('p'),
  await: () => hop(Promise.resolve(), site),
  'await of a thenable': () => hop({ then: (done: () => void) => done() }, site),
  sleep: (sim) => sim.sleep(5),
  start: (sim) => sim.spawn('inner', () => undefined),
  barrier: (sim) => {
    const gate = `gate ${sim.random()}`;
    const token = sim.barriers.install(gate);
    void sim.spawn('arrives', () => sim.point(gate));
    return sim.barriers.waitHeld(token).then(() => sim.barriers.release(token));
  },
  timer: () => later(5),
  immediate: () => callback(setImmediate),
  message: () => {
    const { port1, port2 } = new workerThreads.MessageChannel();
    port2.postMessage('hello');
    return callback((done) => port1.on('message', () => (port1.close(), done())));
  },
  'promised timer': () => promised.setTimeout(5),
  'promised immediate': () => promised.setImmediate(),
  'scheduler.yield': () => promised.scheduler.yield(),
  nextTick: () => callback(process.nextTick),
  microtask: () => callback(queueMicrotask),
  native: () => Promise.resolve(),
  'a hold': async (sim) => {
    const hold = sim.hold('held');
    setTimeout(() => hold.release(), 3);
    await sim.point('held');
  },
};

describe('AsyncLocalStorage', () => {
  test.each(Object.keys(WAITS))('its store survives a wait of the kind: %s', async (kind) => {
    const store = new AsyncLocalStorage<string>();
    await inside(
      async (sim) => {
        const one = async (name: string): Promise<void> => {
          await store.run(name, async () => {
            for (let i = 0; i < 3; i++) {
              await WAITS[kind]!(sim);
              expect(store.getStore()).toBe(name);
            }
          });
        };
        await Promise.all([one('a'), one('b'), sim.spawn('c', () => one('c'))]);
        expect(store.getStore()).toBeUndefined();
      },
      { strategy: 'random', runs: 10, seed: 1 },
    );
  });

  test('callbacks of every kind run in the context in which they were asked for', async () => {
    const store = new AsyncLocalStorage<string>();
    await inside(async (sim) => {
      const seen: unknown[] = [];
      const see = (): void => void seen.push(store.getStore());
      const { port1, port2 } = new MessageChannel();
      store.run('asked', () => {
        setTimeout(see, 5);
        const interval = setInterval(() => {
          see();
          if (seen.length >= 7) clearInterval(interval);
        }, 6);
        setImmediate(see);
        process.nextTick(see);
        queueMicrotask(see);
        void sim.spawn('task', see);
      });
      await store.run('other', () => later(50));
      port1.close();
      port2.close();
      expect(seen.length).toBeGreaterThanOrEqual(7);
      expect(new Set(seen)).toEqual(new Set(['asked']));
    });
  });

  test('what a body enters is gone in the next execution, and outside', async () => {
    const store = new AsyncLocalStorage<number>();
    const seen: unknown[] = [];
    await inside(
      async (sim) => {
        seen.push(store.getStore());
        store.enterWith(sim.execution);
        await sim.point('p');
        expect(store.getStore()).toBe(sim.execution);
      },
      { strategy: 'random', runs: 5, seed: 1 },
    );
    expect(new Set(seen)).toEqual(new Set([undefined]));
    expect(store.getStore()).toBeUndefined();
  });

  test('the caller’s context is the body’s', async () => {
    const store = new AsyncLocalStorage<string>();
    await store.run('caller', () =>
      inside(async (sim) => {
        expect(store.getStore()).toBe('caller');
        await sim.point('p');
        expect(store.getStore()).toBe('caller');
      }),
    );
  });
});

describe('AsyncResource', () => {
  test('runs what it is given in its own context, after waits of every kind', async () => {
    const store = new AsyncLocalStorage<string>();
    await inside(async (sim) => {
      const resource = store.run('made', () => new AsyncResource('Pool'));
      const bound = store.run('bound', () => AsyncResource.bind(() => store.getStore()));
      for (const wait of Object.values(WAITS)) {
        await wait(sim);
        expect(resource.runInAsyncScope(() => store.getStore())).toBe('made');
        expect(bound()).toBe('bound');
      }
    });
  });

  test('emitters keep their own context too', async () => {
    const store = new AsyncLocalStorage<string>();
    await inside(async () => {
      const emitter = store.run('made', () => new EventEmitterAsyncResource({ name: 'Q' }));
      const plain = new EventEmitter();
      const seen: unknown[] = [];
      emitter.on('event', () => seen.push(store.getStore()));
      plain.on('event', () => seen.push(store.getStore()));
      await later(5);
      store.run('emits', () => (emitter.emit('event'), plain.emit('event')));
      expect(seen).toEqual(['made', 'emits']);
    });
  });

  test('a callback has async ids of its own', async () => {
    await inside(async () => {
      const outer = executionAsyncId();
      const [inner, trigger] = await new Promise<number[]>(
        (resolve) => void setTimeout(() => resolve([executionAsyncId(), triggerAsyncId()]), 1),
      );
      expect(inner).not.toBe(outer);
      expect(trigger).toBeGreaterThan(0);
    });
  });
});
