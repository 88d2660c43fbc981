import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sim } from '../../src/index.ts';
import type { Remote } from '../../src/remote/index.ts';
import { liveHandles } from '../../src/payload/index.ts';
import { eventually, expectGone } from '../payload/processes.ts';
import { fixture, remote } from './built.ts';
import { check, explore, replay } from './built-straddle.ts';
import type { Counter } from './contracts.ts';

const deep = process.env['STRADDLE_DEEP'] === '1';

let child: Remote<Counter>;
let other: Remote<Counter>;
beforeAll(async () => {
  [child, other] = await Promise.all([
    remote.fork<Counter>(fixture('counter.js'), {}, { name: 'one' }),
    remote.fork<Counter>(fixture('counter.js'), {}, { name: 'two' }),
  ]);
});
afterAll(() => Promise.all([child[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]));

/** Two tasks add one each, in one child. */
async function addTwice(sim: Sim, server = child): Promise<number> {
  await server.lifecycle.bootstrap({});
  await Promise.all(['first', 'second'].map((name) => sim.spawn(name, () => server.calls.add(1))));
  return (await server.serving.state()).count;
}

async function mustNotLose(sim: Sim): Promise<void> {
  const count = await addTwice(sim);
  sim.branch(count === 2 ? 'both counted' : 'one lost');
  if (count !== 2) throw new Error('an update was lost');
}

describe('the points of a child take part in an exploration', () => {
  test('every order of the releases is run, once', async () => {
    const counts: number[] = [];
    const report = await explore(async (sim) => void counts.push(await addTwice(sim)), {
      strategy: 'exhaustive',
      bursts: 0,
      vacuity: 'off',
    });
    expect(report).toMatchObject({ verdict: 'pass', exhaustive: true });
    expect(report.distinct).toBe(report.executions);
    expect(new Set(counts)).toEqual(new Set([1, 2]));
  });

  test('the failing order is minimised, told with the places in the child, and replayed by its token', async () => {
    const report = await explore(mustNotLose, { seed: 1, runs: 100 });
    const { failure } = report;
    expect(failure).toMatchObject({ kind: 'error', message: 'an update was lost', reach: 'today' });
    const steps = failure!.trace.filter(({ op }) => op === 'add:read');
    expect(steps.map(({ kind }) => kind)).toEqual(['point', 'point']);
    expect(new Set(steps.map(({ task }) => task))).toEqual(new Set(['first', 'second']));
    for (const { site } of steps) expect(site).toMatch(/test\/fixtures\/remote\/counter\.js:\d+:\d+$/);
    for (let round = 0; round < 2; round++) {
      const again = await replay(mustNotLose, failure!.token);
      expect(again.failure?.message).toBe('an update was lost');
    }
  });

  test('the same seed gives the same order, whatever ran before', async () => {
    const run = async (): Promise<unknown> => {
      const { failure, executions, steps } = await explore(mustNotLose, { seed: 7, runs: 100, strategy: 'random' });
      return { token: failure!.token, executions, steps };
    };
    const first = await run();
    await child.serving.pause();
    await child.barriers.install('add:read');
    expect(await run()).toEqual(first);
  });

  test('gates hold them, and counts count them', async () => {
    const report = await check(
      async (sim) => {
        // Forces the lost update: nobody passes before both have arrived.
        sim.hold('add:read').until(() => sim.arrivals('add:read') >= 2);
        const count = await addTwice(sim);
        expect(sim.departures('add:read')).toBe(2);
        sim.branch(count === 1 ? 'one lost' : 'both counted');
        expect(count).toBe(1);
      },
      { runs: 5, branches: { 'one lost': { every: true } } },
    );
    expect(report.straddled).toBeDefined();
  });

  test('keys tell them apart', async () => {
    const report = await check(
      async (sim) => {
        await child.lifecycle.bootstrap({});
        const gate = sim.hold('add:read', { key: 'slow' });
        const slow = sim.spawn('slow', () => child.calls.add(1, 'slow'));
        const quick = sim.spawn('quick', async () => {
          await child.calls.add(1, 'quick');
          expect(sim.arrivals('add:read', 'quick')).toBe(1);
          gate.release();
        });
        await Promise.all([slow, quick]);
      },
      { runs: 5, vacuity: 'off' },
    );
    expect(report.executions).toBe(5);
  });

  test('and are free again when it is over', async () => {
    const hooked: boolean[] = [];
    await explore(async () => void hooked.push(await child.calls.isHooked()), { runs: 2, vacuity: 'off' });
    expect(hooked[0]).toBe(true);
    expect(await child.calls.isHooked()).toBe(false);
  });

  test('barriers of the child can be used as well', async () => {
    await check(
      async (sim) => {
        await child.lifecycle.bootstrap({});
        const token = await child.barriers.install('add:read');
        const add = sim.spawn('add', () => child.calls.add(1));
        await child.barriers.waitHeld(token);
        expect((await child.serving.state()).count).toBe(0);
        await child.barriers.release(token);
        expect(await add).toBe(1);
      },
      { runs: 5, vacuity: 'off' },
    );
  });

  test('several children at once: the order between them is chosen, too', async () => {
    const orders = new Set<string>();
    const report = await explore(
      async (sim) => {
        await Promise.all([child.lifecycle.bootstrap({}), other.lifecycle.bootstrap({})]);
        const order: string[] = [];
        await Promise.all(
          [child, other].map((server) =>
            sim.spawn(server.name, async () => {
              await server.calls.add(1);
              order.push(server.name);
            }),
          ),
        );
        orders.add(order.join());
      },
      { runs: 12, seed: 3, vacuity: 'off' },
    );
    expect(report.verdict).toBe('pass');
    expect(orders).toEqual(new Set(['one,two', 'two,one']));
  });
});

describe('an execution that goes wrong', () => {
  test('a call that never returns is a deadlock that names it', async () => {
    const report = await explore(
      async (sim) => {
        await child.lifecycle.bootstrap({});
        await sim.spawn('caller', () => child.calls.hang());
      },
      { runs: 1 },
    );
    expect(report.failure).toMatchObject({ kind: 'deadlock' });
    const on = report.failure!.waiting.map((one) => `${one.task}: ${one.on}`);
    expect(on).toContain('caller: one.calls.hang');
    expect(report.failure!.waiting.find(({ task }) => task === 'caller')!.site).toMatch(/explore\.test\.ts:\d+/);
  });

  test('a gate that nobody opens names who is held in the child', async () => {
    const report = await explore(
      async (sim) => {
        await child.lifecycle.bootstrap({});
        sim.hold('add:read');
        await sim.spawn('caller', () => child.calls.add(1));
      },
      { runs: 1 },
    );
    expect(report.failure).toMatchObject({ kind: 'stalled-gate' });
    expect(report.failure!.message).toContain('caller at add:read');
  });

  test('a child that dies rejects what is pending, in a step', async () => {
    const report = await explore(
      async (sim) => {
        await using mortal = await remote.fork<Counter>(fixture('counter.js'), {}, { name: 'mortal' });
        const waiting = sim.spawn('waits', () => mortal.calls.hang());
        const dying = sim.spawn('dies', () => mortal.calls.die(3));
        const causes = await Promise.allSettled([waiting, dying]);
        for (const cause of causes) expect(cause).toMatchObject({ reason: { kind: 'child-exited' } });
      },
      { runs: 1, vacuity: 'off' },
    );
    expect(report.failure).toBeUndefined();
  });

  test('nobody stays parked for it: the child can be used as before', async () => {
    await explore(
      async (sim) => {
        await child.lifecycle.bootstrap({});
        void child.calls.add(1);
        await sim.point('here');
        throw new Error('in the middle');
      },
      { runs: 3 },
    );
    await child.lifecycle.bootstrap({});
    expect(await child.calls.add(1)).toBe(1);
  });
});

describe('a child that an execution forks', () => {
  const pids: number[] = [];
  const forkAndAdd = async (sim: Sim): Promise<void> => {
    await using own = await remote.fork<Counter>(fixture('counter.js'), { from: 1 }, { name: 'own' });
    pids.push(own.pid);
    await Promise.all(['first', 'second'].map((name) => sim.spawn(name, () => own.calls.add(1))));
    sim.branch((await own.serving.state()).count === 3 ? 'both counted' : 'one lost');
  };

  test('is steered from its bootstrap to its shutdown, and gone afterwards', async () => {
    const report = await explore(forkAndAdd, { runs: deep ? 20 : 2, seed: 1, vacuity: 'off' });
    expect(report.failure).toBeUndefined();
    await expectGone(...pids);
    expect(liveHandles()).toEqual([]);
  });

  test('does not outlive it when it is not disposed of', async () => {
    let pid = 0;
    const report = await explore(
      async (sim) => {
        const own = await remote.fork<Counter>(fixture('counter.js'), {}, { name: 'own' });
        ({ pid } = own);
        await sim.point('here');
      },
      { runs: 1, vacuity: 'off' },
    );
    expect(report.verdict).toBe('pass');
    await expectGone(pid);
    await eventually(() => liveHandles().length === 0, 'it is no leak');
  });
});

test('a token found in one process fails in the same way in a fresh one', async () => {
  const { failure } = await explore(mustNotLose, { seed: 5, runs: 100 });
  const answer = execFileSync(process.execPath, [fixture('replays.js'), failure!.token], { encoding: 'utf8' });
  expect(answer).toBe('an update was lost\n');
});
