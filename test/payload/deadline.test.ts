import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { atDeadline, type Clock } from '../../src/payload/clock.ts';
import { exitCodeEq, exists, liveHandles, min, type PayloadResult } from '../../src/payload/index.ts';
import { launch } from '../../src/payload/launch.ts';
import { LIMITS } from '../../src/payload/limits.ts';
import { leave } from '../../src/payload/live.ts';
import type { Output } from '../../src/payload/tree.ts';
import { eventually, expectGone, jsonSh, members, numberIn, scratch, sh, stateOf } from './processes.ts';

/** A clock whose timers fire when asked to, at whatever time it then is. */
function handClock() {
  let armed: { callback: () => void; ms: number } | undefined;
  let time = 1000.25;
  const delays: number[] = [];
  const clock: Clock = {
    now: () => time,
    setTimeout: (callback, ms) => {
      delays.push(ms);
      armed = { callback, ms };
      return armed;
    },
    clearTimeout: (timer) => {
      if (timer === armed) armed = undefined;
    },
  };
  const fireAfter = (ms: number) => {
    const { callback } = armed!;
    armed = undefined;
    time += ms;
    callback();
  };
  return { clock, delays, fireAfter, armed: () => armed };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a deadline', () => {
  test('is met at its time, once', () => {
    const { clock, fireAfter, armed } = handClock();
    const expire = vi.fn();
    atDeadline(500, expire, clock);
    fireAfter(500);
    expect(expire).toHaveBeenCalledTimes(1);
    expect(armed()).toBeUndefined();
  });

  test('does not move, however often and early its timer is interrupted', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
        (ms, shares) => {
          const { clock, fireAfter } = handClock();
          const end = clock.now() + ms;
          const left = () => end - clock.now();
          let expiredAt: number | undefined;
          atDeadline(ms, () => (expiredAt = clock.now()), clock);
          for (const share of shares) fireAfter(Math.min(Math.floor(left() * share), left() - 1));
          expect(expiredAt).toBeUndefined();
          fireAfter(left());
          expect(expiredAt).toBe(end);
        },
      ),
    );
  });

  test('with less than a millisecond left sleeps for one instead of spinning', () => {
    const { clock, fireAfter, delays } = handClock();
    atDeadline(10, () => undefined, clock);
    fireAfter(9.75);
    expect(delays).toEqual([10, 1]);
  });

  test('beyond the range of a timer comes in several', () => {
    const { clock, fireAfter, delays } = handClock();
    const expire = vi.fn();
    const month = 30 * 24 * 3600 * 1000;
    atDeadline(month, expire, clock);
    fireAfter(2 ** 31 - 1);
    expect(expire).not.toHaveBeenCalled();
    expect(delays).toEqual([2 ** 31 - 1, month - 2 ** 31 + 1]);
    fireAfter(month - 2 ** 31 + 1);
    expect(expire).toHaveBeenCalledTimes(1);
  });

  test('called off never comes', () => {
    const { clock, armed } = handClock();
    atDeadline(10, () => undefined, clock)();
    expect(armed()).toBeUndefined();
  });
});

describe('a program that outlives its time', () => {
  test('is killed with its group, not before its time, and the result says so', async () => {
    const file = join(scratch(), 'leader');
    const start = performance.now();
    const result = await sh('sleep 60 & echo $$ > "$1"; sleep 60', file).timeout(400).run();
    expect(performance.now() - start).toBeGreaterThanOrEqual(400);
    expect(result).toMatchObject({ timedOut: true, exitCode: -1, signal: 'SIGKILL', pass: true });
    await expectGone(await numberIn(file));
  });

  test('is judged by what it wrote until then', async () => {
    const result = await jsonSh('echo \'{"iops":5}\'; sleep 60')
      .check(min('iops', 9))
      .check(exists('lat'))
      .timeout(400)
      .run();
    expect(result.timedOut).toBe(true);
    expect(result.failures.map(({ message }) => message)).toEqual([
      "metric 'iops' = 5 is below minimum 9",
      "metric 'lat' was not found in the output",
    ]);
  });

  test('may be expected to: its exit code is -1', async () => {
    const result = await sh('sleep 60').check(exitCodeEq(-1)).timeout(20).run();
    expect(result).toMatchObject({ pass: true, timedOut: true });
  });

  test('signals to the parent meanwhile change nothing', async () => {
    const ignore = () => undefined;
    process.on('SIGUSR2', ignore);
    const storm = setInterval(() => process.kill(process.pid, 'SIGUSR2'), 1);
    const start = performance.now();
    const result = await sh('sleep 60').timeout(150).run();
    const elapsed = performance.now() - start;
    clearInterval(storm);
    process.off('SIGUSR2', ignore);
    expect(result.timedOut).toBe(true);
    expect(elapsed).toBeGreaterThanOrEqual(150);
    expect(elapsed).toBeLessThan(5_000);
  });

  test('fake timers do not stop the watchdog', async () => {
    vi.useFakeTimers();
    try {
      expect(await sh('sleep 60').timeout(20).run()).toMatchObject({ timedOut: true });
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('exit against deadline', () => {
  const branches = new Set<string>();

  async function against(
    script: string,
    ms: number,
    meanwhile: (pid: number) => void,
    ...args: string[]
  ): Promise<Output> {
    const tree = await launch(sh(script, ...args).plan, 'payload.run');
    const callOff = tree.killAfter(ms);
    meanwhile(tree.pid);
    try {
      return await tree.ended;
    } finally {
      callOff();
      leave(tree);
      // Whoever has been killed may need the processor once more.
      await vi.waitFor(() => expect(members(tree.pid)).toEqual([]), 5_000);
    }
  }

  test('the exit wins when it comes first', async () => {
    expect(await against('exit 5', 30_000, () => undefined)).toMatchObject({ exitCode: 5, timedOut: false });
    branches.add('exit-first');
  });

  test('the exit wins when both are due at the same time', async () => {
    const kills = vi.spyOn(process, 'kill');
    const output = await against('exit 5', 20, (pid) => {
      // Nothing is seen of either while the event loop stands still.
      const end = performance.now() + 40;
      while (performance.now() < end || stateOf(pid) !== 'Z');
    });
    expect(output).toMatchObject({ exitCode: 5, signal: null, timedOut: false });
    expect(kills.mock.calls.filter(([, signal]) => signal === 'SIGKILL')).toEqual([]);
    branches.add('both-due');
  });

  test('the deadline wins when it comes first', async () => {
    expect(await against('sleep 60', 20, () => undefined)).toMatchObject({ exitCode: -1, timedOut: true });
    branches.add('deadline-first');
  });

  test('an exit between the decision and the signal: the true exit code, and timed out all the same', async () => {
    const fifo = join(scratch(), 'fifo');
    execFileSync('mkfifo', [fifo]);
    const kill = process.kill.bind(process);
    const output = await against(
      'exec 3<>"$1"; read line <&3; exit 7',
      20,
      (pid) => {
        vi.spyOn(process, 'kill').mockImplementationOnce((target, signal) => {
          writeFileSync(fifo, 'go\n');
          while (stateOf(pid) !== 'Z');
          return kill(target, signal);
        });
      },
      fifo,
    );
    expect(output).toMatchObject({ exitCode: 7, signal: null, timedOut: true });
    branches.add('in-between');
  });

  test('all four orders were seen', () => {
    expect([...branches].sort()).toEqual(['both-due', 'deadline-first', 'exit-first', 'in-between']);
  });
});

describe('a program that outlives SIGKILL', () => {
  test('is given up with the cause, and stays in the list of live payloads', async () => {
    const tree = await launch(sh('echo $$; exec sleep 60').plan, 'payload.run', { ...LIMITS, killMs: 30 });
    const denied = vi.spyOn(process, 'kill').mockReturnValue(true);
    tree.killAfter(10);
    await expect(tree.ended).rejects.toMatchObject({
      kind: 'payload-unkillable',
      message: `payload 'script' (process ${tree.pid}) after its time-out of 10 ms: still alive 30 ms after SIGKILL.`,
    });
    denied.mockRestore();
    leave(tree);
    expect(liveHandles()).toEqual([{ payload: 'script', pid: tree.pid, exited: false }]);
    process.kill(tree.pid, 'SIGKILL');
    await eventually(() => tree.exited, 'its exit is seen');
    leave(tree);
    expect(liveHandles()).toEqual([]);
  });
});

test('a time-out that is not reached changes nothing', async () => {
  const result: PayloadResult = await sh('echo ok').timeout(30_000).run();
  expect(result).toMatchObject({ timedOut: false, exitCode: 0, stdout: 'ok\n' });
});
