import { createRequire } from 'node:module';
import promisedDefault, { scheduler, setImmediate, setInterval, setTimeout } from 'node:timers/promises';
import * as promised from 'node:timers/promises';
import timers from 'node:timers';
import { describe, expect, test } from 'vitest';
import { inside, Log, sameAsNode } from './controlled.ts';

/** What a promise came to, in words. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    return `value ${String(await promise)}`;
  } catch (error) {
    const { name, code, cause, message } = error as Error & { code?: string };
    return `${name} ${code} ${message} because ${String(cause)}`;
  }
}

describe('values and order', () => {
  sameAsNode('setTimeout, setImmediate, wait and yield give their values', async () => [
    await setTimeout(2, 'a'),
    await setTimeout(),
    await setTimeout(undefined, 'b'),
    await setImmediate('c'),
    await scheduler.wait(2),
    await scheduler.yield(),
  ]);

  sameAsNode('setInterval is an async iterator', async () => {
    const log = new Log();
    let left = 3;
    for await (const value of setInterval(2, 'tick')) {
      log.say(value);
      if (--left === 0) break;
    }
    const iterator = setInterval(1)[Symbol.asyncIterator]();
    log.say(JSON.stringify(await iterator.next()));
    log.say(JSON.stringify(await iterator.return?.()));
    log.say(JSON.stringify(await iterator.next()));
    return log.lines;
  });

  sameAsNode('setInterval makes up for the periods in which nobody asked', async () => {
    const values = setInterval(20, 'tick')[Symbol.asyncIterator]();
    await values.next();
    await setTimeout(500);
    let passed = 0;
    const first = Promise.race([
      (async () => {
        for (; passed < 3; passed++) await values.next();
        return 'three at once';
      })(),
      setImmediate()
        .then(() => setImmediate())
        .then(() => 'waited'),
    ]);
    const result = await first;
    await values.return?.();
    return result;
  });

  test('they take virtual time, and yield and immediates take none', async () => {
    await inside(async (sim) => {
      await setTimeout(1_000);
      expect(sim.now()).toBe(1_000);
      await scheduler.wait(500);
      expect(sim.now()).toBe(1_500);
      await scheduler.yield();
      await setImmediate();
      expect(sim.now()).toBe(1_500);
      let ticks = 0;
      for await (const value of setInterval(100, 'tick')) {
        expect(value).toBe('tick');
        if (++ticks === 5) break;
      }
      expect(sim.now()).toBe(2_000);
    });
  });

  test('by name, by default, by namespace, with require and as timers.promises', async () => {
    const required = createRequire(import.meta.url)('node:timers/promises') as typeof promised;
    await inside(async (sim) => {
      const ways = [setTimeout, promisedDefault.setTimeout, promised.setTimeout, required.setTimeout];
      ways.push((timers as unknown as { promises: typeof promised }).promises.setTimeout);
      for (const way of ways) await way(1_000);
      for (const one of [scheduler, promisedDefault.scheduler, required.scheduler]) await one.wait(1_000);
      expect(sim.now()).toBe(1_000 * (ways.length + 3));
    });
  });
});

describe('abort signals', () => {
  sameAsNode('an aborted signal rejects with the reason as its cause', async () => {
    const log = new Log();
    const reason = new Error('enough');
    const aborted = AbortSignal.abort(reason);
    for (const promise of [
      setTimeout(5, 'x', { signal: aborted }),
      setImmediate('x', { signal: aborted }),
      scheduler.wait(5, { signal: aborted }),
      setInterval(5, 'x', { signal: aborted })[Symbol.asyncIterator]().next(),
    ]) {
      log.say(await outcome(promise));
    }
    return log.lines;
  });

  sameAsNode('a signal aborts what is under way', async () => {
    const log = new Log();
    const controller = new AbortController();
    const waits = [
      setTimeout(1_000, 'x', { signal: controller.signal }),
      scheduler.wait(1_000, { signal: controller.signal }),
      setInterval(1_000, 'x', { signal: controller.signal })[Symbol.asyncIterator]().next(),
    ].map(outcome);
    await setTimeout(5);
    controller.abort();
    for (const wait of waits) log.say(await wait);
    const second = new AbortController();
    const immediate = outcome(setImmediate('x', { signal: second.signal }));
    second.abort('why');
    log.say(await immediate);
    return log.lines;
  });

  sameAsNode('so many microtasks later', async () => {
    const log = new Log();
    for (const wait of [
      (signal: AbortSignal) => setTimeout(1_000, 'x', { signal }),
      (signal: AbortSignal) => setImmediate('x', { signal }),
      (signal: AbortSignal) => setInterval(1_000, 'x', { signal })[Symbol.asyncIterator]().next(),
    ]) {
      const controller = new AbortController();
      const waiting = outcome(wait(controller.signal)).then(() => log.say('aborted'));
      controller.abort();
      for (let microtask = 1; microtask <= 9; microtask++) {
        await null;
        log.say(microtask);
      }
      await waiting;
    }
    return log.lines;
  });

  sameAsNode('a signal aborts an interval between two ticks', async () => {
    const controller = new AbortController();
    let ticks = 0;
    return [
      await outcome(
        (async () => {
          for await (const value of setInterval(2, 'x', { signal: controller.signal })) {
            if (value === 'x' && ++ticks === 3) controller.abort();
          }
        })(),
      ),
      ticks,
    ];
  });

  sameAsNode('a signal that fires afterwards changes nothing', async () => {
    const controller = new AbortController();
    const value = await setTimeout(1, 'value', { signal: controller.signal });
    controller.abort();
    return value;
  });
});

describe('wrong arguments', () => {
  sameAsNode('are refused with Node’s errors', async () => {
    const log = new Log();
    for (const wrong of [
      () => setTimeout('5' as never),
      () => setTimeout(1, 'x', 5 as never),
      () => setTimeout(1, 'x', null as never),
      () => setTimeout(1, 'x', { signal: 5 as never }),
      () => setTimeout(1, 'x', { signal: {} as never }),
      () => setTimeout(1, 'x', { ref: 'no' as never }),
      () => setImmediate('x', { signal: 'no' as never }),
      () => setImmediate('x', { ref: 1 as never }),
      () =>
        setInterval(1, 'x', { signal: 'no' as never })
          [Symbol.asyncIterator]()
          .next(),
      () =>
        setInterval('1' as never)
          [Symbol.asyncIterator]()
          .next(),
      () => scheduler.wait('1' as never),
    ]) {
      log.say(await outcome(Promise.resolve().then((): Promise<unknown> => wrong())));
    }
    return log.lines;
  });
});

test('ref: false leaves a timer that keeps nothing alive', async () => {
  const report = inside(async () => {
    await setTimeout(5, undefined, { ref: false });
    return 'fired';
  });
  // The body itself waits for it: as in a test runner, something else keeps the process alive.
  expect(await report).toBe('fired');
});
