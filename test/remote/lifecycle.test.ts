import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { liveHandles } from '../../src/payload/index.ts';
import { Cleanups } from '../../src/remote/cleanups.ts';
import { eventually, expectGone, isAlive } from '../payload/processes.ts';
import { fixture, fork, remote } from './built.ts';
import type { Counter, Stages } from './contracts.ts';

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;
const hasty = { startMs: 300, graceMs: 300, exitMs: 300 };
const limits = { ...hasty, startMs: 20_000 };

describe('leaving the scope', () => {
  test('ends server and process in good order: serve loop, then cleanups, last first', async () => {
    let pid: number;
    let undone: string[];
    {
      await using child = await remote.fork<Stages>(fixture('stages.js'), {});
      pid = child.pid;
      await child.lifecycle.bootstrap({});
      undone = await child.calls.undone();
      await child.lifecycle.shutdown();
      expect(await child.exited).toMatchObject({ exitCode: 0, signal: null });
    }
    expect(undone).toEqual([]);
    await expectGone(pid);
  });

  test('runs every cleanup once, in reverse, whatever fails; the failure is told', async () => {
    await using child = await remote.fork<Stages>(fixture('stages.js'), { at: 'undo second', how: 'throw' });
    await expect(child.lifecycle.shutdown()).rejects.toThrow('wrong at undo second');
    await expectGone(child.pid);
  });

  test('lets nobody stay parked', async () => {
    const child = await remote.fork<Counter>(fixture('counter.js'), {});
    const token = await child.barriers.install('add:read');
    const add = child.calls.add(1);
    await child.barriers.waitHeld(token);
    await child[Symbol.asyncDispose]();
    expect(await add).toBe(1);
    expect(await child.exited).toMatchObject({ exitCode: 0 });
  });

  test('rejects calls that never return, and needs no handler for those that nobody awaits', async () => {
    const child = await remote.fork<Counter>(fixture('counter.js'), {});
    void child.calls.hang();
    const hanging = child.calls.hang();
    await child[Symbol.asyncDispose]();
    await expect(hanging).rejects.toMatchObject({ kind: 'shutdown' });
    await expect(child.calls.echo(1)).rejects.toMatchObject({ kind: 'shutdown' });
  });

  test('twice is once', async () => {
    const child = await remote.fork<Counter>(fixture('counter.js'), {});
    await Promise.all([child[Symbol.asyncDispose](), child.lifecycle.shutdown()]);
    await child[Symbol.asyncDispose]();
  });

  test('kills what does not shut down in time, and says so', async () => {
    const child = await fork<Stages>(fixture('stages.js'), { at: 'stop', how: 'hang' }, {}, limits);
    await expect(child[Symbol.asyncDispose]()).rejects.toMatchObject({
      kind: 'remote-hung',
      message: `remote child 'stages.js' (process ${child.pid}) did not shut down within 300 ms; it was killed.`,
    });
    expect(await child.exited).toMatchObject({ signal: 'SIGKILL' });
    await expectGone(child.pid);
  });

  test('kills a process that does not even turn its loop', async () => {
    const child = await fork<Counter>(fixture('counter.js'), {}, {}, limits);
    void child.calls.spin(60_000);
    void child.barriers.install('too late');
    await expect(child[Symbol.asyncDispose]()).rejects.toMatchObject({
      kind: 'remote-hung',
      message: expect.stringMatching(
        /; it was killed\. Not answered: counter\.js\.calls\.spin, barriers\/install\.$/,
      ) as string,
    });
    await expectGone(child.pid);
  });

  test('ends what the child has started and left running', async () => {
    await using child = await remote.fork<Counter>(fixture('counter.js'), {});
    const grandchild = await child.calls.spawnChild();
    expect(isAlive(grandchild)).toBe(true);
    await child.lifecycle.shutdown();
    await expectGone(child.pid);
    expect(isAlive(grandchild)).toBe(false);
  });

  test('tells of a death that nobody was told of', async () => {
    const child = await remote.fork<Counter>(fixture('counter.js'), {});
    await child.calls.reject();
    await eventually(() => !isAlive(child.pid), 'the unhandled rejection ends it');
    await expect(child[Symbol.asyncDispose]()).rejects.toMatchObject({
      kind: 'child-exited',
      message: expect.stringMatching(/exited with code 1; stderr:\n[^]*nobody handles this/) as string,
    });
    await child[Symbol.asyncDispose]();
  });
});

describe('a start that goes wrong leaves nothing, and the caller has the cause', () => {
  test.each([
    ['second', 'throw'],
    ['third', 'exit'],
    ['start', 'kill'],
  ] as const)('at %s, by %s', async (at, how) => {
    const before = liveHandles().length;
    const error = await remote.fork<Stages>(fixture('stages.js'), { at, how }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: how === 'throw' ? 'remote-start' : 'child-exited' });
    const message = { throw: `wrong at ${at}`, exit: 'exited with code 3', kill: 'was ended by SIGKILL' }[how];
    expect((error as Error).message).toContain(message);
    if (how === 'throw') expect((error as Error).cause).toMatchObject({ message: `wrong at ${at}` });
    expect(liveHandles()).toHaveLength(before);
  });

  test('when it gets ready, by exit', async () => {
    // The start may be told of it, or the first to ask afterwards.
    const ready = async (): Promise<void> => {
      await using child = await remote.fork<Stages>(fixture('stages.js'), { at: 'ready', how: 'exit' });
      await child.lifecycle.waitReady();
    };
    await expect(ready()).rejects.toMatchObject({ kind: 'child-exited' });
    expect(liveHandles()).toEqual([]);
  });

  test('by hanging: its time is limited', async () => {
    const start = fork<Stages>(fixture('stages.js'), { at: 'start', how: 'hang' }, {}, hasty);
    await expect(start).rejects.toMatchObject({
      kind: 'remote-start',
      message: expect.stringContaining('did not start within 300 ms') as string,
    });
  });

  test('by being aborted, before or meanwhile', async () => {
    const config = { at: 'start', how: 'hang' } as const;
    await expect(
      remote.fork<Stages>(fixture('stages.js'), config, { signal: AbortSignal.abort('why') }),
    ).rejects.toMatchObject({ kind: 'aborted', cause: 'why' });
    await expect(
      remote.fork<Stages>(fixture('stages.js'), config, { signal: AbortSignal.timeout(100) }),
    ).rejects.toMatchObject({ kind: 'aborted' });
  });
});

test('start and end leave no process and no descriptor', async () => {
  const rounds = process.env['STRADDLE_DEEP'] === '1' ? 200 : 3;
  const pids: number[] = [];
  const cycle = async (): Promise<void> => {
    await using child = await remote.fork<Counter>(fixture('counter.js'), {});
    pids.push(child.pid);
    await child.calls.add(1);
  };
  await cycle();
  const before = openDescriptors();
  for (let i = 0; i < rounds; i++) await cycle();
  expect(openDescriptors()).toBe(before);
  await expectGone(...pids);
}, 300_000);

test('many children at once', async () => {
  const count = process.env['STRADDLE_DEEP'] === '1' ? 50 : 4;
  const before = openDescriptors();
  const children = await Promise.all(
    Array.from({ length: count }, (_, i) => remote.fork<Counter>(fixture('counter.js'), { from: i })),
  );
  expect(await Promise.all(children.map((child) => child.calls.add(1)))).toEqual(children.map((_, i) => i + 1));
  await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
  await expectGone(...children.map(({ pid }) => pid));
  expect(openDescriptors()).toBe(before);
  expect(liveHandles()).toEqual([]);
}, 300_000);

test('what was acquired is what is given back, whichever step fails', () =>
  fc.assert(
    fc.asyncProperty(fc.nat(8), fc.nat(8), fc.boolean(), async (steps, failing, undoFails) => {
      const log: string[] = [];
      const cleanups = new Cleanups();
      const acquired: number[] = [];
      try {
        for (let step = 0; step < steps; step++) {
          if (step === failing) throw new Error('no luck');
          acquired.push(step);
          cleanups.defer(`step ${step}`, async () => {
            log.push(`${step}`);
            await null;
            if (undoFails && step % 2 === 0) throw new Error(`undo ${step}`);
          });
        }
      } catch {
        // The steps so far have to be undone all the same.
      }
      const outcome = await Promise.allSettled([cleanups.run(), cleanups.run()]);
      expect(log).toEqual([...acquired].reverse().map(String));
      const isBad = undoFails && acquired.length > 0;
      expect(outcome.map(({ status }) => status)).toEqual(Array(2).fill(isBad ? 'rejected' : 'fulfilled'));
    }),
  ));
