import FakeTimers from '@sinonjs/fake-timers';
import { mock } from 'node:test';
import nodeTimers from 'node:timers';
import * as promised from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { explore, type Sim } from '../../../src/index.ts';
import { inside, later } from './controlled.ts';

const reals = {
  setTimeout,
  setInterval,
  setImmediate,
  queueMicrotask,
  performance,
  Date,
  Intl,
  nextTick: process.nextTick,
};
const START = Date.UTC(2024, 0, 1);

afterEach(() => {
  const now = {
    setTimeout,
    setInterval,
    setImmediate,
    queueMicrotask,
    performance,
    Date,
    Intl,
    nextTick: process.nextTick,
  };
  for (const name of Object.keys(reals) as (keyof typeof reals)[]) expect(now[name], name).toBe(reals[name]);
});

/** Runs the body in several executions; after each, the next must find virtual time again. */
async function everywhere(body: (sim: Sim) => unknown, undone = true): Promise<void> {
  let executions = 0;
  await inside(
    async (sim) => {
      if (undone) {
        expect(Date.now()).toBe(START);
        await later(5);
        expect(Date.now()).toBe(START + 5);
      }
      await body(sim);
      executions++;
    },
    { strategy: 'random', runs: 10, seed: 1, time: 'idle' },
  );
  expect(executions).toBeGreaterThanOrEqual(10);
  await new Promise((resolve) => setTimeout(resolve, 1));
  expect(new Date().getFullYear()).toBeGreaterThan(2024);
}

describe('vi.useFakeTimers', () => {
  test('owns the timers armed while it is installed, and is undone at the end', async () => {
    await everywhere(async (sim) => {
      vi.useFakeTimers({ now: 1_000 });
      let fired = 0;
      setTimeout(() => fired++, 500);
      setInterval(() => fired++, 200);
      expect(Date.now()).toBe(1_000);
      await sim.point('p');
      expect(fired).toBe(0);
      vi.advanceTimersByTime(500);
      expect(fired).toBe(3);
      await vi.advanceTimersByTimeAsync(100);
      expect([fired, Date.now()]).toEqual([4, 1_600]);
    });
    vi.useRealTimers();
  });

  test('with useRealTimers in the body, virtual time comes back at once', async () => {
    await everywhere(async (sim) => {
      vi.useFakeTimers();
      vi.advanceTimersByTime(1_000);
      vi.useRealTimers();
      const before = sim.now();
      await later(7);
      expect(sim.now() - before).toBe(7);
    });
  });

  test('a mocked date alone', async () => {
    await everywhere(() => {
      vi.setSystemTime(5);
      expect(Date.now()).toBe(5);
    });
    vi.useRealTimers();
  });

  test('microtasks, performance and Intl too', async () => {
    await everywhere(async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'queueMicrotask', 'performance', 'Intl', 'Date'] as never });
      let ran = 0;
      queueMicrotask(() => ran++);
      vi.advanceTimersByTime(1);
      expect(ran).toBe(1);
      expect(performance.now()).toBe(1);
    });
    vi.useRealTimers();
  });

  test('a timer armed before it stays virtual', async () => {
    await everywhere(async (sim) => {
      const before = later(20).then(() => sim.now());
      const from = sim.now();
      vi.useFakeTimers();
      let fired = false;
      setTimeout(() => (fired = true), 1);
      expect((await before) - from).toBe(20);
      expect(fired).toBe(false);
    });
    vi.useRealTimers();
  });

  test('a body that throws while they are installed leaves nothing behind', async () => {
    const report = await explore(
      () => {
        vi.useFakeTimers();
        throw new Error('thrown');
      },
      { runs: 5, seed: 1 },
    );
    expect(report.failure?.message).toBe('thrown');
    vi.useRealTimers();
  });
});

describe('a Sinon clock', () => {
  test('owns the timers armed while it is installed, and is undone at the end', async () => {
    await everywhere(async (sim) => {
      const clock = FakeTimers.install({ now: 7 });
      let fired = 0;
      setTimeout(() => fired++, 10);
      nodeTimers.setTimeout(() => fired++, 10);
      expect(Date.now()).toBe(7);
      await sim.point('p');
      clock.tick(10);
      expect([fired, Date.now()]).toEqual([2, 17]);
    });
  });

  test('with uninstall in the body, virtual time comes back at once', async () => {
    await everywhere(async (sim) => {
      const clock = FakeTimers.install();
      clock.tick(50);
      clock.uninstall();
      const from = sim.now();
      await promised.setTimeout(9);
      expect(sim.now() - from).toBe(9);
    });
  });

  test('its own real hops count as outside work: tickAsync comes to its end', async () => {
    await everywhere(async (sim) => {
      const clock = FakeTimers.install({ now: 7 });
      let fired = 0;
      setTimeout(() => fired++, 10);
      await clock.tickAsync(10);
      await sim.point('p');
      expect([fired, Date.now()]).toEqual([1, 17]);
    });
  });

  test('a clock of its own, installed nowhere', async () => {
    await everywhere(() => {
      const clock = FakeTimers.createClock();
      let fired = false;
      clock.setTimeout(() => (fired = true), 5);
      clock.tick(5);
      expect(fired).toBe(true);
    });
  });
});

describe('mock timers of node:test', () => {
  test('own the timers armed while they are enabled, and are undone at the end', async () => {
    await everywhere(async (sim) => {
      mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 3 } as never);
      let fired = 0;
      setTimeout(() => fired++, 10);
      nodeTimers.setTimeout(() => fired++, 10);
      await sim.point('p');
      expect(Date.now()).toBe(3);
      mock.timers.tick(10);
      expect([fired, Date.now()]).toEqual([2, 13]);
    });
  });

  test('with reset in the body, virtual time comes back at once', async () => {
    await everywhere(async (sim) => {
      mock.timers.enable();
      mock.timers.reset();
      const from = sim.now();
      await later(11);
      expect(sim.now() - from).toBe(11);
    });
  });
});

describe('nested explorations', () => {
  test('explore in a controlled body is refused with a clear error', async () => {
    const report = await explore(async () => void (await explore(() => undefined)), { vacuity: 'off' });
    expect(report.failure?.kind).toBe('error');
    expect(report.failure?.message).toBe('An exploration cannot be started inside a controlled execution.');
    expect((report.failure?.error as { kind?: string }).kind).toBe('nested');
  });

  test('two explorations started together run one after the other', async () => {
    let running = 0;
    const body = async (sim: Sim): Promise<void> => {
      expect(++running).toBe(1);
      await sim.point('p');
      running--;
    };
    const options = { strategy: 'random', runs: 20, seed: 1, vacuity: 'off' } as const;
    const reports = await Promise.all([explore(body, options), explore(body, options)]);
    expect(reports.map(({ verdict }) => verdict)).toEqual(['pass', 'pass']);
  });
});

// With the fall-back drain microtasks of the execution run in a turn of the loop: the world stays in place then.
describe.runIf(process.env['STRADDLE_DRAIN'] !== 'turn')('the host', () => {
  test('sees its own timers and clock while the engine lets it have a turn', async () => {
    const turns: [boolean, number][] = [];
    let ticks = 0;
    const interval = setInterval(() => {
      ticks++;
      turns.push([setTimeout === reals.setTimeout && Date === reals.Date, Date.now()]);
    }, 10);
    const from = Date.now();
    const report = await explore(
      async (sim) => {
        for (let i = 0; i < 2_000; i++) await sim.point('p');
      },
      {
        strategy: 'random',
        runs: 1_000_000,
        budgetMs: 300,
        vacuity: 'off',
        onProgress: () => turns.push([setTimeout === reals.setTimeout && Date === reals.Date, Date.now()]),
      },
    );
    clearInterval(interval);
    expect(report.elapsedMs).toBeGreaterThan(250);
    expect(ticks).toBeGreaterThan(0);
    for (const [own, at] of turns) {
      expect(own).toBe(true);
      expect(at).toBeGreaterThanOrEqual(from);
    }
  });

  test('does not see the fake timers of a body', async () => {
    const faked = new Set<boolean>();
    let turns = 0;
    await explore(
      async (sim) => {
        FakeTimers.install({ now: 5 });
        for (let i = 0; i < 3_000; i++) await sim.point('p');
        expect(Date.now()).toBe(5);
      },
      {
        strategy: 'random',
        runs: 1_000_000,
        budgetMs: 400,
        vacuity: 'off',
        onProgress: () => {
          turns++;
          faked.add('clock' in setTimeout);
        },
      },
    );
    expect(turns).toBeGreaterThan(0);
    expect(faked).toEqual(new Set([false]));
  });
});
