import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import {
  exitCodeEq,
  liveHandles,
  METRICS_CHANNEL,
  payload,
  type PayloadHandle,
  type PayloadResult,
} from '../../src/payload/index.ts';
import { eventually, expectGone, members, sh, stateOf } from './processes.ts';

const true_bin = payload({ name: 'true_bin', binary: 'true', checks: [exitCodeEq(0)] });

async function pollUntilDone(handle: PayloadHandle): Promise<PayloadResult> {
  for (;;) {
    const result = await handle.tryWait();
    if (result) return result;
  }
}

test('spawn, then wait: the result', async () => {
  const handle = await true_bin.spawn();
  expect(await handle.wait()).toMatchObject({ pass: true, exitCode: 0, signal: null, timedOut: false });
});

test('spawn, then kill: what was written until then', async () => {
  const handle = await sh('echo begun; sleep 60').spawn();
  const pid = handle.pid!;
  const result = await handle.kill();
  expect(result).toMatchObject({ exitCode: -1, signal: 'SIGKILL', timedOut: false });
  await expectGone(pid);
});

test('a failing program fails its check on the exit code', async () => {
  const result = await payload('false').check(exitCodeEq(0)).run();
  expect(result.exitCode).toBe(1);
  expect(result.failures.map(({ message }) => message)).toEqual(['payload exited with code 1, expected 0']);
});

test('spawn takes no notice of the time-out', async () => {
  const handle = await sh('sleep 0.05').timeout(1).spawn();
  expect(await handle.wait()).toMatchObject({ exitCode: 0, timedOut: false });
});

describe('tryWait', () => {
  test('gives nothing while the program runs, and the handle stays as it was', async () => {
    const handle = await sh('sleep 60').spawn();
    expect(await handle.tryWait()).toBeUndefined();
    expect(handle.pid).toBeGreaterThan(1);
    expect(await handle.tryWait()).toBeUndefined();
    await handle.kill();
  });

  test('gives the result once it has ended; a bare loop around it gets there', async () => {
    const handle = await true_bin.spawn();
    expect(await pollUntilDone(handle)).toMatchObject({ pass: true, exitCode: 0 });
  });
});

describe('a consumed handle', () => {
  const consumed = /^the handle of payload 'true_bin' was already consumed/;

  test.each(['wait', 'kill', 'tryWait'] as const)('refuses %s, naming the payload', async (call) => {
    const handle = await true_bin.spawn();
    await pollUntilDone(handle);
    await expect(handle[call]()).rejects.toThrow(expect.objectContaining({ kind: 'payload-consumed' }));
    await expect(handle[call]()).rejects.toThrow(consumed);
  });

  test('has no process number', async () => {
    const handle = await true_bin.spawn();
    expect(handle.name).toBe('true_bin');
    expect(handle.pid).toBeGreaterThan(1);
    expect(inspect(handle)).toBe(`PayloadHandle { payload: 'true_bin', pid: ${handle.pid}, checks: 1 }`);
    await handle.wait();
    expect(handle.pid).toBeUndefined();
    expect(inspect(handle)).toBe("PayloadHandle { payload: 'true_bin', pid: undefined, checks: 1 }");
  });

  test('is disposed of in silence', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const handle = await true_bin.spawn();
    await handle.wait();
    await handle[Symbol.asyncDispose]();
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });
});

describe('disposing of a live handle', () => {
  test('kills the group, says so once, and records nothing', async () => {
    const published: unknown[] = [];
    const listen = (message: unknown) => void published.push(message);
    subscribe(METRICS_CHANNEL, listen);
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    let pid: number;
    {
      await using handle = await sh('sleep 60 & sleep 60').spawn();
      pid = handle.pid!;
    }
    expect(warned.mock.calls).toEqual([
      [
        `payload 'script' (process ${pid}) was disposed of without wait or kill; its process group was killed and nothing was recorded.`,
        { type: 'StraddleWarning', code: 'STRADDLE_PAYLOAD_DROPPED' },
      ],
    ]);
    warned.mockRestore();
    unsubscribe(METRICS_CHANNEL, listen);
    expect(published).toEqual([]);
    await expectGone(pid);
    expect(liveHandles()).toEqual([]);
  });

  test('twice is once', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const handle = await sh('sleep 60').spawn();
    await Promise.all([handle[Symbol.asyncDispose](), handle[Symbol.asyncDispose]()]);
    await handle[Symbol.asyncDispose]();
    expect(warned).toHaveBeenCalledTimes(1);
    warned.mockRestore();
  });

  test('ends a pending wait, which gets its result', async () => {
    const handle = await sh('echo begun; sleep 60').spawn();
    const waiting = handle.wait();
    await handle[Symbol.asyncDispose]();
    expect(await waiting).toMatchObject({ exitCode: -1, signal: 'SIGKILL' });
    expect(liveHandles()).toEqual([]);
  });
});

describe('of two calls at the same time the first gets the one result', () => {
  const calls = {
    wait: (handle: PayloadHandle) => handle.wait(),
    kill: (handle: PayloadHandle) => handle.kill(),
    tryWait: (handle: PayloadHandle) => handle.tryWait(),
    dispose: (handle: PayloadHandle) => handle[Symbol.asyncDispose](),
  };
  const names = Object.keys(calls) as (keyof typeof calls)[];
  const pairs = names.flatMap((first) => names.map((second) => [first, second] as const));

  test.each(pairs)('%s, then %s', async (first, second) => {
    const published: unknown[] = [];
    const listen = (message: unknown) => void published.push(message);
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const handle = await true_bin.spawn();
    await exitSeen(handle);
    subscribe(METRICS_CHANNEL, listen);
    const [one, two] = await Promise.allSettled([calls[first](handle), calls[second](handle)]);
    unsubscribe(METRICS_CHANNEL, listen);
    warned.mockRestore();
    const results = [one, two].filter(
      ({ status, ...settled }) => status === 'fulfilled' && 'value' in settled && settled.value,
    );
    expect(one.status).toBe('fulfilled');
    expect(results).toHaveLength(first === 'dispose' ? 0 : 1);
    expect(published).toHaveLength(results.length);
    if (second === 'dispose') expect(two.status).toBe('fulfilled');
    else expect(two).toMatchObject({ reason: { kind: 'payload-consumed' } });
    expect(liveHandles()).toEqual([]);
  });

  test('kill while a wait is pending has no effect: the result is promised already', async () => {
    const handle = await sh('sleep 60').spawn();
    const pid = handle.pid!;
    const waiting = handle.wait();
    await expect(handle.kill()).rejects.toThrow('already consumed');
    expect(members(pid).length).toBeGreaterThan(0);
    await handle[Symbol.asyncDispose]();
    expect(await waiting).toMatchObject({ exitCode: -1 });
  });

  test('a tryWait that found the program running loses to a wait without an error, even if it ends meanwhile', async () => {
    const handle = await true_bin.spawn();
    const pid = handle.pid!;
    // The program has ended, but the event loop had no turn to see it.
    while (stateOf(pid) !== 'Z');
    const trying = handle.tryWait();
    const waiting = handle.wait();
    expect(await trying).toBeUndefined();
    expect(await waiting).toMatchObject({ exitCode: 0 });
  });

  function exitSeen(handle: PayloadHandle): Promise<void> {
    return eventually(() => liveHandles().some(({ pid, exited }) => pid === handle.pid && exited), 'its exit is seen');
  }
});
