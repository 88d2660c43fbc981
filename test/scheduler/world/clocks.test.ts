import perfHooks, { performance as performanceNamed } from 'node:perf_hooks';
import { hrtime as hrtimeNamed } from 'node:process';
import { describe, expect, test } from 'vitest';
import { inside, later, sameAsNode } from './controlled.ts';

const START = Date.UTC(2024, 0, 1);

describe('Date', () => {
  test('shows the documented instant, then virtual time', async () => {
    await inside(async () => {
      expect(Date.now()).toBe(START);
      expect(new Date().toISOString()).toBe('2024-01-01T00:00:00.000Z');
      await later(90_000);
      expect(new Date().toISOString()).toBe('2024-01-01T00:01:30.000Z');
      expect(Date()).toBe(new Date(START + 90_000).toString());
    });
  });

  test('startTime sets the instant, as a Date or in milliseconds', async () => {
    const startTime = Date.UTC(1999, 11, 31, 23, 59, 59);
    for (const option of [startTime, new Date(startTime)]) {
      const seen = await inside(
        async () => {
          await later(1_000);
          return [new Date().toISOString(), performance.timeOrigin + performance.now() - Date.now()];
        },
        { startTime: option },
      );
      expect(seen).toEqual(['2000-01-01T00:00:00.000Z', 0]);
    }
  });

  test('every execution begins at the same instant', async () => {
    const seen = new Set<string>();
    await inside(
      async () => {
        seen.add(`${Date.now()} ${performance.now()} ${process.hrtime.bigint()} ${process.uptime()}`);
        await later(5);
      },
      { strategy: 'random', runs: 20, seed: 1 },
    );
    expect(seen.size).toBe(1);
  });

  sameAsNode('a date of given parts, statics and prototype are the host’s', () => [
    new Date(2020, 1, 29).getTime(),
    new Date('2020-02-29').toISOString(),
    new Date(NaN).getTime(),
    new Date(new Date(5)).getTime(),
    Date.UTC(2020, 1),
    Date.parse('2020-02-29T00:00:00Z'),
    Date.length,
    Date.name,
    new Date(0) instanceof Date,
    new Date(0).constructor === Date,
    Object.prototype.toString.call(new Date()),
    typeof Date(),
    Object.getOwnPropertyNames(Date).sort().join(),
  ]);

  test('can be subclassed', async () => {
    await inside(async () => {
      class Stamp extends Date {
        get year(): number {
          return this.getUTCFullYear();
        }
      }
      await later(10);
      const stamp = new Stamp();
      expect([stamp.year, stamp.getTime(), stamp instanceof Stamp, stamp instanceof Date]).toEqual([
        2024,
        START + 10,
        true,
        true,
      ]);
      expect(new Stamp(2001, 0).year).toBe(2001);
      expect(Stamp.now()).toBe(START + 10);
      expect(Reflect.construct(Date, [], Stamp)).toBeInstanceOf(Stamp);
    });
  });

  test('Intl.DateTimeFormat without a date takes virtual time', async () => {
    await inside(async () => {
      await later(60_000);
      const format = new Intl.DateTimeFormat('en', { timeStyle: 'medium', timeZone: 'UTC' });
      expect(format.format()).toMatch(/12:01:00/);
      expect(format.formatToParts().find(({ type }) => type === 'minute')?.value).toBe('01');
      expect(format.format(0)).toMatch(/12:00:00/);
    });
  });

  test('a date made inside is a date outside', async () => {
    const date = await inside(() => new Date());
    expect(date).toBeInstanceOf(Date);
    expect(date.getTime()).toBe(START);
  });
});

describe('clocks of the process', () => {
  test('performance.now begins above 0 and moves with virtual time', async () => {
    await inside(async () => {
      const first = performance.now();
      expect(first).toBeGreaterThan(0);
      await later(250);
      expect(performance.now() - first).toBe(250);
      expect(performanceNamed.now()).toBe(performance.now());
      expect(perfHooks.performance.now()).toBe(performance.now());
      expect(performance.timeOrigin + performance.now()).toBe(Date.now());
    });
  });

  test('process.hrtime, hrtime.bigint and uptime agree with it', async () => {
    await inside(async () => {
      const since = process.hrtime();
      const from = process.hrtime.bigint();
      const up = process.uptime();
      await later(1_750);
      expect(process.hrtime(since)).toEqual([1, 750_000_000]);
      expect(process.hrtime.bigint() - from).toBe(1_750_000_000n);
      expect(process.uptime() - up).toBeCloseTo(1.75, 9);
      const [seconds, nanoseconds] = hrtimeNamed();
      expect(seconds * 1_000 + nanoseconds / 1e6).toBe(performance.now());
    });
  });

  sameAsNode('hrtime refuses what is no pair of numbers', () =>
    [5, [1], ['a', 'b']].map((wrong) => {
      try {
        return process.hrtime(wrong as never).length;
      } catch (error) {
        return `${(error as Error).name} ${(error as { code?: string }).code}`;
      }
    }),
  );

  test('performance.mark and measure', async () => {
    await inside(async () => {
      const mark = performance.mark('begins');
      expect(mark.startTime).toBe(performance.now());
      await later(40);
      expect(performance.measure('it', 'begins').duration).toBe(40);
      expect(performance.measure('it', { start: mark.startTime, duration: 7 }).duration).toBe(7);
      performance.clearMarks();
      performance.clearMeasures();
    });
  });

  test('a busy wait comes to its end', async () => {
    await inside(() => {
      const until = Date.now() + 5;
      while (Date.now() < until);
      const end = performance.now() + 5;
      while (performance.now() < end);
    });
  });

  test('outside they are the host’s again', async () => {
    await inside(() => later(3_600_000));
    expect(Math.abs(Date.now() - (performance.timeOrigin + performance.now()))).toBeLessThan(60_000);
    expect(new Date().getFullYear()).toBeGreaterThan(2024);
  });
});
