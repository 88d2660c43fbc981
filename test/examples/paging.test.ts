import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { countingContent, torn, type Load, type Paging } from '../../examples/paging/contract.ts';
import { execute, executeAll, type Operation } from '../../examples/paging/operations.ts';
import { recorded } from '../../properties/linearizability/history.ts';
import { linearizable } from '../../properties/linearizability/linearizable.ts';
import type { Sim } from '../../src/index.ts';
import type { Remote } from '../../src/remote/index.ts';
import { built, remote } from '../remote/built.ts';
import { explore } from '../remote/built-straddle.ts';

const deep = process.env['STRADDLE_DEEP'] === '1';
const SERVER = new URL(built('examples/paging/server.js'));

let child: Remote<Paging>;
beforeAll(async () => {
  child = await remote.fork<Paging>(SERVER, { content: countingContent(2), workers: 2 }, { name: 'paging' });
});
afterAll(() => child[Symbol.asyncDispose]());

const fresh = (pages: number, broken?: string): Promise<void> =>
  child.lifecycle.bootstrap({
    content: countingContent(pages),
    workers: 2,
    ...(broken === undefined ? {} : { broken }),
  });

/** Outcome of a promise that may still be open. */
function watch(promise: Promise<unknown>): { settled: boolean } {
  const state = { settled: false };
  const settle = (): void => {
    state.settled = true;
  };
  promise.then(settle, settle);
  return state;
}

describe('load: no message is in the hot loop, one snapshot is taken at the end', () => {
  const cases: [string, Load][] = [
    ['serial, missing pages', { operations: deep ? 1_000_000 : 10_000, parallel: 1, writeEvery: 0 }],
    ['serial, with writes', { operations: deep ? 1_000_000 : 10_000, parallel: 1, writeEvery: 3 }],
    ['parallel, missing pages', { operations: deep ? 1_000_000 : 10_000, parallel: 10_000, writeEvery: 0 }],
    ['parallel, with writes', { operations: deep ? 1_000_000 : 10_000, parallel: 10_000, writeEvery: 3 }],
  ];
  test.each(cases)(
    '%s',
    async (_, load) => {
      await fresh(1024);
      expect(await child.calls.load(load)).toBe(1024);
      const snapshot = await child.serving.state();
      expect(torn(snapshot)).toBeUndefined();
      expect(snapshot.states).not.toContain('missing');
      expect(snapshot.states.includes('dirty')).toBe(load.writeEvery > 0);
    },
    600_000,
  );
});

describe('races, each made by a barrier', () => {
  beforeEach(() => fresh(4));

  test('a snapshot waits for the fault under way, and keeps later ones out', async () => {
    const copied = await child.barriers.install('fault:copied', 0);
    const half = await child.barriers.install('snapshot:half');
    const read = child.calls.read(0);
    await child.barriers.waitHeld(copied);
    const snapshot = child.serving.state();
    const later = child.calls.read(1);
    const watched = [watch(snapshot), watch(later)];
    await child.calls.remove(3);
    expect(watched.map(({ settled }) => settled)).toEqual([false, false]);
    await child.barriers.release(copied);
    expect(await read).toBe(1);
    await child.barriers.waitHeld(half);
    expect(watched[1]!.settled).toBe(false);
    await child.barriers.release(half);
    expect((await snapshot).states).toEqual(['present', 'missing', 'missing', 'removed']);
    expect(await later).toBe(2);
  });

  test('a removal passes a fault that is being served, but not a snapshot', async () => {
    await child.calls.write(1, 7);
    const copied = await child.barriers.install('fault:copied', 0);
    const read = child.calls.read(0);
    await child.barriers.waitHeld(copied);
    await child.calls.remove(1);
    await child.barriers.release(copied);
    await read;
    const half = await child.barriers.install('snapshot:half');
    const snapshot = child.serving.state();
    await child.barriers.waitHeld(half);
    const removed = child.calls.remove(0);
    const watched = watch(removed);
    await child.lifecycle.waitReady();
    expect(watched.settled).toBe(false);
    await child.barriers.release(half);
    expect((await snapshot).states.slice(0, 2)).toEqual(['present', 'removed']);
    await removed;
  });

  test('a pause waits for the worker that is parked, and the parked one can be let go', async () => {
    const copied = await child.barriers.install('fault:copied', 0);
    const read = child.calls.read(0);
    await child.barriers.waitHeld(copied);
    const paused = child.serving.pause();
    const watched = watch(paused);
    await child.calls.remove(1);
    expect(watched.settled).toBe(false);
    await child.barriers.release(copied);
    await paused;
    expect(await read).toBe(1);
  });

  test('a fault while it is paused is served after the resume', async () => {
    await child.serving.pause();
    const read = child.calls.read(2);
    const watched = watch(read);
    await child.calls.remove(0);
    expect(watched.settled).toBe(false);
    await child.serving.resume();
    expect(await read).toBe(3);
  });

  test('a page that is removed while its copy is prepared is copied again', async () => {
    const prepared = await child.barriers.install('fault:prepared', 0);
    const read = child.calls.read(0);
    await child.barriers.waitHeld(prepared);
    await child.calls.remove(0);
    await child.barriers.release(prepared);
    expect(await read).toBe(0);
  });
});

describe('explored from the parent', () => {
  /** One access, one snapshot, and a removal if asked for. */
  const snapshotRace = (broken: string | undefined, removes: boolean) => async (sim: Sim) => {
    await fresh(1, broken);
    const actors = [
      sim.spawn('reader', () => child.calls.read(0)),
      sim.spawn('snapshot', async () => {
        const snapshot = await child.serving.state();
        sim.branch(snapshot.mapped[0]! ? 'worker before' : 'worker after');
        if (snapshot.states[0] === 'removed') sim.branch('removed before');
        const wrong = torn(snapshot);
        if (wrong !== undefined) throw new Error(wrong);
      }),
    ];
    if (removes) actors.push(sim.spawn('remover', () => child.calls.remove(0)));
    await Promise.all(actors);
  };
  const removalRace = (broken: string | undefined) => async (sim: Sim) => {
    await fresh(1, broken);
    const reader = sim.spawn('reader', () => child.calls.read(0));
    await sim.spawn('remover', () => child.calls.remove(0));
    const first = await reader;
    sim.branch(first === 0 ? 'read after' : 'read before');
    const value = await child.calls.read(0);
    if (value !== 0) throw new Error(`the removed page has ${value} again`);
  };
  const runs = deep ? 1_000 : 25;

  test.each<[string, (sim: Sim) => Promise<void>, RegExp]>([
    ['a snapshot that drains without holding', snapshotRace('DrainsOnly', false), /in the table, but memory has it/],
    ['a snapshot that does not keep removals out', snapshotRace('HoldsSettleOnly', true), /in the table, but memory/],
    ['a copy that does not look again', removalRace('CopiesBlindly'), /the removed page has 1 again/],
  ])('%s is found, and replayed', async (_, body, message) => {
    const { failure } = await explore(body, { seed: 1, runs: 300 });
    expect(failure?.message).toMatch(message);
    expect(failure!.trace.some(({ task }) => task.startsWith('paging:worker'))).toBe(true);
  });

  test('the half fixed snapshot is found by its removal only', async () => {
    expect((await explore(snapshotRace('HoldsSettleOnly', false), { seed: 1, runs, vacuity: 'off' })).verdict).toBe(
      'pass',
    );
  });

  test('the fixed snapshot holds, and every branch ran', async () => {
    const report = await explore(snapshotRace(undefined, true), {
      seed: 1,
      runs,
      branches: ['worker before', 'worker after', 'removed before'],
    });
    expect(report).toMatchObject({ verdict: 'pass', vacuous: [] });
  });

  test('the fixed copy holds, and every branch ran', async () => {
    const report = await explore(removalRace(undefined), { seed: 1, runs, branches: ['read before', 'read after'] });
    expect(report).toMatchObject({ verdict: 'pass', vacuous: [] });
  });
});

describe('lists of operations', () => {
  const PAGES = 3;
  const page = fc.nat(PAGES - 1);
  const isAsync = fc.boolean();
  const access: fc.Arbitrary<Operation> = fc.oneof(
    fc.record({ kind: fc.constant('read' as const), page, async: isAsync }),
    fc.record({ kind: fc.constant('write' as const), page, value: fc.integer({ min: 10, max: 99 }), async: isAsync }),
    fc.record({ kind: fc.constant('remove' as const), page, async: isAsync }),
  );
  /** While the loop is paused nobody may wait for a fault; it is resumed at the end. */
  const list = fc
    .array(
      fc.oneof(
        { weight: 6, arbitrary: access },
        { weight: 1, arbitrary: fc.constantFrom<Operation>({ kind: 'servePause' }, { kind: 'serveResume' }) },
        { weight: 1, arbitrary: fc.constant<Operation>({ kind: 'sleep', ms: 1, async: true }) },
      ),
      { maxLength: 14 },
    )
    .map((operations) => {
      let paused = false;
      const mended = operations.map((operation): Operation => {
        if (operation.kind === 'servePause' || operation.kind === 'serveResume')
          paused = operation.kind === 'servePause';
        else if (paused) return { ...operation, async: true };
        return operation;
      });
      return [...mended, { kind: 'serveResume' } as const];
    });

  test('every page is a register, whatever overlaps; the end is joined and settled', async () => {
    await fc.assert(
      fc.asyncProperty(list, async (operations) => {
        await fresh(PAGES);
        const { read, write, remove } = child.calls as Remote<Paging>['calls'];
        const { object: calls, history } = recorded({ read, write, remove });
        await executeAll(operations, (operation) => execute({ calls, serving: child.serving } as never, operation));
        const verdict = linearizable(history, {
          init: (key) => (key as number) + 1,
          step: (value, { name, args }) => {
            if (name === 'read') return { state: value, result: value };
            return { state: name === 'write' ? (args as readonly number[])[1]! : 0 };
          },
          key: ({ args }) => args[0],
        });
        expect(verdict.message).toBeUndefined();
        const snapshot = await child.serving.state();
        expect(torn(snapshot)).toBeUndefined();
        const touched = (kind: string): Set<number> =>
          new Set(operations.flatMap((one) => (one.kind === kind && 'page' in one ? [one.page] : [])));
        snapshot.states.forEach((state, i) => {
          if (state === 'dirty') expect(touched('write')).toContain(i);
          if (state === 'removed') expect(touched('remove')).toContain(i);
          if (touched('write').has(i) && !touched('remove').has(i)) expect(state).toBe('dirty');
        });
      }),
      { numRuns: deep ? 1_000 : 20 },
    );
  }, 300_000);

  test('run in order; asynchronous ones overlap, and all are joined', async () => {
    const log: string[] = [];
    let lastEnded!: () => void;
    const last = new Promise<void>((resolve) => (lastEnded = resolve));
    const run = async (operation: Operation): Promise<string> => {
      const name = `${operation.kind} ${'page' in operation ? operation.page : ''}`;
      log.push(`begin ${name}`);
      await (operation.async === true ? last : null);
      log.push(`end ${name}`);
      if (name === 'read 2') lastEnded();
      return name;
    };
    const operations: Operation[] = [
      { kind: 'read', page: 0, async: true },
      { kind: 'read', page: 1 },
      { kind: 'read', page: 2 },
    ];
    expect(await executeAll(operations, run)).toEqual(['read 0', 'read 1', 'read 2']);
    expect(log).toEqual(['begin read 0', 'begin read 1', 'end read 1', 'begin read 2', 'end read 2', 'end read 0']);
  });

  test('end with the first failure, or with the reason of the signal', async () => {
    const never = (): Promise<never> => new Promise(() => undefined);
    const fail = ({ kind }: Operation): Promise<never> =>
      kind === 'remove' ? Promise.reject(new Error('no')) : never();
    const operations: Operation[] = [
      { kind: 'remove', page: 0, async: true },
      { kind: 'read', page: 0 },
    ];
    await expect(executeAll(operations, fail)).rejects.toThrow('no');
    const signal = AbortSignal.timeout(10);
    await expect(executeAll(operations, never, signal)).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect(executeAll(operations, never, signal)).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});
