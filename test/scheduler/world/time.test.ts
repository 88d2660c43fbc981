import { describe, expect, test } from 'vitest';
import { explore, type ExploreOptions, type Report, type Sim } from '../../../src/index.ts';
import { inside, later } from './controlled.ts';

/** A task of 8 points beside timers; gives what `seen` collects over all executions. */
async function collect(
  body: (sim: Sim, see: (what: string) => void) => Promise<void>,
  options: ExploreOptions,
): Promise<{ seen: Map<string, number>; report: Report }> {
  const seen = new Map<string, number>();
  const report = await explore((sim) => body(sim, (what) => void seen.set(what, (seen.get(what) ?? 0) + 1)), {
    strategy: 'random',
    runs: 300,
    seed: 3,
    vacuity: 'off',
    ...options,
  });
  expect(report.failure).toBeUndefined();
  return { seen, report };
}

/** Reads at once, as a fake does, while a time-out of `ms` is running. */
function readWithTimeout(ms: number) {
  return async (sim: Sim, see: (what: string) => void): Promise<void> => {
    const read = sim.spawn('read', async () => {
      for (let i = 0; i < 3; i++) await sim.point('read');
      return 'read';
    });
    see(await Promise.race([read, later(ms).then(() => 'timed out')]));
  };
}

describe('idle time', () => {
  test('timers fire only when nothing else is enabled', async () => {
    const { seen } = await collect(readWithTimeout(1), { time: 'idle' });
    expect([...seen.keys()]).toEqual(['read']);
  });

  test('time stands still while anything else is enabled', async () => {
    await inside(
      async (sim) => {
        const working = sim.spawn('work', async () => {
          for (let i = 0; i < 20; i++) await sim.point('work');
          expect(sim.now()).toBe(0);
        });
        await sim.sleep(5);
        await working;
        expect(sim.now()).toBe(5);
      },
      { strategy: 'random', runs: 50, seed: 1, time: 'idle' },
    );
  });
});

describe('elastic time', () => {
  test('the earliest timer competes with other enabled work', async () => {
    const { seen } = await collect(readWithTimeout(50), { time: 'elastic' });
    expect([...seen.keys()].sort()).toEqual(['read', 'timed out']);
  });

  test('but only within the stall budget', async () => {
    expect((await collect(readWithTimeout(50), { time: 'elastic', stallMs: 49 })).seen.has('timed out')).toBe(false);
    expect((await collect(readWithTimeout(50), { time: 'elastic', stallMs: 50 })).seen.has('timed out')).toBe(true);
    expect((await collect(readWithTimeout(101), { time: 'elastic' })).seen.has('timed out')).toBe(false);
  });

  test('the budget is spent over the whole execution, by early timers and by time taken alike', async () => {
    let most = 0;
    await collect(
      async (sim) => {
        let working = true;
        const worker = sim.spawn('work', async () => {
          for (let i = 0; i < 30; i++) await sim.point('work');
          // A timer that is due after the work has never been early.
          most = Math.max(most, sim.now());
          working = false;
        });
        const sleeper = sim.spawn('sleep', async () => {
          while (working) await sim.sleep(7);
        });
        await Promise.all([worker, sleeper]);
      },
      { time: 'elastic', stallMs: 40 },
    );
    expect(most).toBeGreaterThan(20);
    expect(most).toBeLessThanOrEqual(40);
  });

  test('an operation may take time, never past the next timer', async () => {
    const { seen } = await collect(
      async (sim, see) => {
        let fired = false;
        setTimeout(() => (fired = true), 40);
        for (let i = 0; i < 10; i++) {
          await sim.point('read');
          if (!fired) expect(sim.now()).toBeLessThanOrEqual(40);
          if (!fired && sim.now() > 0 && sim.now() < 40) see('in between');
        }
      },
      { time: 'elastic', leaks: 'off' },
    );
    expect(seen.get('in between')).toBeGreaterThan(10);
  });

  test('later timers never overtake earlier ones', async () => {
    await collect(
      async (sim) => {
        const order: number[] = [];
        const timers = [30, 10, 20, 10].map((ms, i) => later(ms).then(() => void order.push(i)));
        const working = sim.spawn('work', async () => {
          for (let i = 0; i < 5; i++) await sim.point('work');
        });
        await Promise.all([...timers, working]);
        expect(order).toEqual([1, 3, 2, 0]);
      },
      { time: 'elastic' },
    );
  });

  test('a timer that was armed after an immediate was asked for never overtakes it', async () => {
    const { seen } = await collect(
      async (sim, see) => {
        const order: string[] = [];
        setTimeout(() => order.push('before'), 1);
        const immediate = new Promise<void>(
          (resolve) => void setImmediate(() => resolve(void order.push('immediate'))),
        );
        const after = later(1).then(() => void order.push('after'));
        await Promise.all([immediate, after, sim.spawn('work', () => sim.point('work'))]);
        expect(order.indexOf('immediate')).toBeLessThan(order.indexOf('after'));
        see(order.join());
      },
      { time: 'elastic' },
    );
    expect([...seen.keys()].sort()).toEqual(['before,immediate,after', 'immediate,before,after']);
  });
});

describe('mixed time', () => {
  test('is the default: some executions are idle, the others elastic', async () => {
    // A 1 ms timer against 60 points: in elastic time it is nearly always early.
    const body = async (sim: Sim, see: (what: string) => void): Promise<void> => {
      let fired = false;
      setTimeout(() => (fired = true), 1);
      for (let i = 0; i < 60; i++) await sim.point('work');
      see(fired ? 'early' : 'idle');
    };
    const { seen } = await collect(body, { leaks: 'off' });
    expect(seen.get('idle')).toBeGreaterThan(100);
    expect(seen.get('early')).toBeGreaterThan(100);
    expect((await collect(body, { leaks: 'off', time: 'elastic' })).seen.get('idle') ?? 0).toBeLessThan(20);
    expect((await collect(body, { leaks: 'off', time: 'idle' })).seen.has('early')).toBe(false);
  });

  test('natural order is idle', async () => {
    const { seen } = await collect(readWithTimeout(1), { strategy: 'natural' });
    expect([...seen.keys()]).toEqual(['read']);
  });
});

describe('a failure that needs an early timer or time taken', () => {
  async function failing(body: (sim: Sim) => Promise<void>): Promise<NonNullable<Report['failure']>> {
    const { failure } = await explore(body, { strategy: 'random', time: 'elastic', seed: 5, vacuity: 'off' });
    if (failure === undefined) throw new Error('nothing found');
    return failure;
  }

  test('shows the early timer in its minimised trace', async () => {
    const failure = await failing(async (sim) => {
      const lease = { open: true };
      setTimeout(() => (lease.open = false), 30);
      await sim.spawn('holder', async () => {
        await sim.point('between check and use');
        if (!lease.open) throw new Error('used after its lease');
      });
    });
    expect(failure.message).toBe('used after its lease');
    const early = failure.trace.filter((step) => step.early);
    expect(early).toHaveLength(1);
    expect(early[0]!.kind).toBe('timer');
    expect(early[0]!.site).toMatch(/time\.test\.ts:\d+:\d+$/);
  });

  test('shows the time taken in its minimised trace', async () => {
    const failure = await failing(async (sim) => {
      const timer = setTimeout(() => undefined, 40);
      const from = sim.now();
      await sim.point('read');
      const took = sim.now() - from;
      clearTimeout(timer);
      if (took >= 10 && took < 40) throw new Error('half a lease is gone');
    });
    expect(failure.trace.some(({ took }) => took >= 10 && took < 40)).toBe(true);
    expect(failure.trace.some(({ early }) => early)).toBe(false);
  });
});
