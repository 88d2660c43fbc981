import * as timersNamespace from 'node:timers';
import timersDefault, { setTimeout as setTimeoutNamed, setImmediate as setImmediateNamed } from 'node:timers';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { inside, later, Log, sameAsNode } from './controlled.ts';

describe('Timeout objects', () => {
  sameAsNode('setTimeout passes its arguments and its Timeout as this', async () => {
    const { promise, resolve } = withResolvers<unknown[]>();
    const timer: unknown = setTimeout(
      function (this: unknown, ...args: unknown[]) {
        resolve([this === timer, ...args]);
      },
      1,
      'a',
      2,
      undefined,
    );
    return promise;
  });

  sameAsNode('setInterval passes its arguments and its Timeout as this, every time', async () => {
    const { promise, resolve } = withResolvers<unknown[]>();
    const seen: unknown[] = [];
    const timer = setInterval(
      function (this: unknown, ...args: unknown[]) {
        seen.push(this === timer, ...args);
        if (seen.length < 6) return;
        clearInterval(timer);
        resolve(seen);
      },
      1,
      'a',
    );
    return promise;
  });

  sameAsNode('setImmediate passes its arguments and its Immediate as this', async () => {
    const { promise, resolve } = withResolvers<unknown[]>();
    const immediate: unknown = setImmediate(
      function (this: unknown, ...args: unknown[]) {
        resolve([this === immediate, ...args]);
      },
      'a',
      2,
    );
    return promise;
  });

  sameAsNode('ref, unref and hasRef of Timeout and Immediate', () => {
    const timer = setTimeout(() => undefined, 1);
    const immediate = setImmediate(() => undefined);
    const seen: unknown[] = [];
    for (const one of [timer, immediate]) {
      seen.push(one.hasRef(), one.unref() === one, one.hasRef(), one.ref() === one, one.hasRef());
    }
    clearTimeout(timer);
    clearImmediate(immediate);
    seen.push(immediate.hasRef());
    return seen;
  });

  sameAsNode('refresh begins again, also after the timer has fired, but not after it has been cleared', async () => {
    const log = new Log();
    const timer = setTimeout(() => log.say('fired'), 20);
    await later(10);
    log.say(timer.refresh() === timer);
    await later(15);
    log.say('not yet');
    await later(15);
    timer.refresh();
    await later(30);
    clearTimeout(timer);
    timer.refresh();
    await later(30);
    return log.lines;
  });

  sameAsNode('refresh within its own callback', async () => {
    let fires = 0;
    const timer = setTimeout(() => {
      if (++fires < 3) timer.refresh();
    }, 1);
    await later(30);
    return fires;
  });

  sameAsNode('close', async () => {
    let fires = 0;
    const timer = setTimeout(() => fires++, 1);
    const interval = setInterval(() => fires++, 1);
    const seen = [timer.close() === timer, interval.close() === interval];
    await later(10);
    return [...seen, fires];
  });

  sameAsNode('primitive conversion: a Timeout is cleared by its number and by its text', async () => {
    let fires = 0;
    const numbered = +setTimeout(() => fires++, 1);
    clearTimeout(numbered);
    const text = `${+setTimeout(() => fires++, 1)}`;
    clearTimeout(text);
    const timer = setTimeout(() => fires++, 1);
    const same = +timer === +timer;
    clearInterval(timer as unknown as number);
    await later(5);
    return [Number.isInteger(numbered), same, fires];
  });

  sameAsNode('Symbol.dispose of Timeout and Immediate', async () => {
    let fires = 0;
    setTimeout(() => fires++, 1)[Symbol.dispose]();
    setInterval(() => fires++, 1)[Symbol.dispose]();
    setImmediate(() => fires++)[Symbol.dispose]();
    await later(10);
    return fires;
  });

  sameAsNode('clearing what is nobody’s, of the other kind, or cleared already does nothing', async () => {
    let fires = 0;
    const timer = setTimeout(() => fires++, 1);
    const immediate = setImmediate(() => fires++);
    for (const nothing of [undefined, null, 0, -1, '', 'x', {}, 1e9, immediate]) clearTimeout(nothing as never);
    for (const nothing of [undefined, null]) clearImmediate(nothing as never);
    await later(10);
    clearTimeout(timer);
    clearTimeout(timer);
    clearImmediate(immediate);
    return fires;
  });

  sameAsNode('an interval can be cleared from its own callback and from outside', async () => {
    const log = new Log();
    let left = 3;
    const own = setInterval(() => {
      log.say(`own ${left}`);
      if (--left === 0) clearInterval(own);
    }, 1);
    const other = setInterval(() => log.say('other'), 35);
    await later(50);
    clearInterval(other);
    await later(50);
    return log.lines;
  });

  sameAsNode('an interval goes on after an unref and a ref', async () => {
    let fires = 0;
    const interval = setInterval(() => {
      if (++fires === 3) clearInterval(interval);
    }, 1);
    interval.unref();
    interval.ref();
    await later(30);
    return fires;
  });

  sameAsNode('a Timeout and an Immediate have Node’s names', () => {
    const timer = setTimeout(() => undefined, 1);
    const immediate = setImmediate(() => undefined);
    clearTimeout(timer);
    clearImmediate(immediate);
    return [timer.constructor.name, immediate.constructor.name, String(Object.prototype.toString.call(timer))];
  });
});

describe('delays', () => {
  const delays: unknown[] = [undefined, null, 0, -5, 0.4, 1, 1.9, '3', ' 4 ', '0x5', 'x', NaN, [6], {}, true];
  sameAsNode('delays of every kind fire in Node’s order', async () => {
    // Armed in one go: what is due together fires in the order of arming.
    const fired: string[] = [];
    const { promise, resolve } = withResolvers<void>();
    delays.forEach((delay, i) => setTimeout(() => fired.push(`${i}: ${String(delay)}`), delay as number));
    setTimeout(resolve, 30);
    await promise;
    return fired;
  });

  test('a delay that is too long, or no number, is 1 ms; fractions are cut; texts are read', async () => {
    const table: [unknown, number][] = [
      [undefined, 1],
      [null, 1],
      ['', 1],
      [0, 1],
      [-1, 1],
      [NaN, 1],
      [Infinity, 1],
      [2 ** 31, 1],
      [2 ** 31 - 1, 2 ** 31 - 1],
      [1.9, 1],
      ['12', 12],
      ['12px', 1],
      [true, 1],
      [[7], 7],
    ];
    for (const [delay, expected] of table) {
      const took = await inside(async (sim) => {
        await new Promise<void>((resolve) => void setTimeout(resolve, delay as number));
        return sim.now();
      });
      expect(took, String(delay)).toBe(expected);
    }
  });

  sameAsNode('wrong arguments are refused with Node’s errors', () =>
    [
      () => setTimeout(undefined as never, 1),
      () => setTimeout('code' as never, 1),
      () => setInterval(null as never, 1),
      () => setImmediate(1 as never),
      () => setTimeout(() => undefined, 1n as never),
      () => setTimeout(() => undefined, Symbol('x') as never),
    ].map((call) => {
      try {
        call();
        return 'no error';
      } catch (error) {
        return `${(error as Error).name} ${(error as { code?: string }).code} ${(error as Error).message}`;
      }
    }),
  );
});

describe('every way to reach the functions', () => {
  const require = createRequire(import.meta.url);

  test('by global, by name, by default, by namespace and with require', async () => {
    const timers = require('node:timers') as typeof timersDefault;
    const bare = require('timers') as typeof timersDefault;
    await inside(async (sim) => {
      const started = Date.now();
      for (const arm of [
        globalThis.setTimeout,
        setTimeoutNamed,
        timersDefault.setTimeout,
        timersNamespace.setTimeout,
        timers.setTimeout,
        bare.setTimeout,
      ]) {
        await new Promise<void>((resolve) => void arm(resolve, 1000));
      }
      expect(Date.now() - started).toBe(6_000);
      const { default: imported } = await import('node:timers');
      expect(imported.setTimeout).toBe(globalThis.setTimeout);
      expect(setTimeoutNamed).toBe(globalThis.setTimeout);
      expect(setImmediateNamed).toBe(globalThis.setImmediate);
      expect(sim.now()).toBe(6_000);
    });
  });

  test('util.promisify of setTimeout and setImmediate', async () => {
    await inside(async (sim) => {
      expect(await promisify(setTimeout)(50, 'value')).toBe('value');
      expect(sim.now()).toBe(50);
      expect(await promisify(setImmediate)('value')).toBe('value');
      expect(sim.now()).toBe(50);
    });
  });
});

describe('immediates', () => {
  sameAsNode('immediates run first in, first out; one asked for meanwhile waits a turn', async () => {
    const log = new Log();
    const { promise, resolve } = withResolvers<void>();
    for (const i of [1, 2, 3]) {
      setImmediate(() => {
        log.say(i);
        process.nextTick(() => log.say(`tick ${i}`));
        queueMicrotask(() => log.say(`microtask ${i}`));
        setImmediate(() => {
          log.say(`nested ${i}`);
          if (i === 3) resolve();
        });
      });
    }
    await promise;
    return log.lines;
  });

  sameAsNode('an immediate cleared by the one before it does not run', async () => {
    const log = new Log();
    const { promise, resolve } = withResolvers<void>();
    setImmediate(() => {
      log.say('first');
      clearImmediate(second);
    });
    const second = setImmediate(() => log.say('second'));
    setImmediate(resolve);
    await promise;
    return log.lines;
  });

  test('under every strategy they stay first in, first out', async () => {
    await inside(
      async () => {
        const order: number[] = [];
        const all = [1, 2, 3, 4].map(
          (i) => new Promise<void>((resolve) => void setImmediate(() => resolve(void order.push(i)))),
        );
        await Promise.all(all);
        expect(order).toEqual([1, 2, 3, 4]);
      },
      { strategy: 'random', runs: 50, seed: 1 },
    );
  });
});

/** Newer than Node 20. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  return { promise: new Promise<T>((done) => (resolve = done)), resolve };
}
