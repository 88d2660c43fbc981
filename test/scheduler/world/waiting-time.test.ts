import { beforeEach, describe, expect, test } from 'vitest';
import { Patience } from '../../../scheduler/world/patience.ts';
import { WaitingTime } from '../../../scheduler/world/waiting-time.ts';

/** A host whose clock and loop do what a test says. */
const real = { at: 0, slept: 0, rested: 0 };
let time: WaitingTime;

beforeEach(() => {
  Object.assign(real, { at: 1_000, slept: 0, rested: 0 });
  time = new WaitingTime({
    now: () => real.at,
    asleep: () => real.slept,
    rest: (ms) => {
      real.rested += ms;
      real.at += ms;
    },
  });
  time.begin();
});

/** A turn of the loop that takes so long; its timer was to take `timerMs`. */
function turn(ms: number, timerMs: number, sleptMs = ms): void {
  real.at += ms;
  real.slept += sleptMs;
  time.turned(timerMs);
}

describe('the time that has been waited', () => {
  test('is what the turns of the loop have taken', () => {
    for (let i = 0; i < 100; i++) turn(1, 1);
    turn(0.25, 0);
    turn(50, 50);
    expect(time.now).toBe(150.25);
  });

  test('is not that in which this process did not run, nor that between two waits', () => {
    turn(3_600_000, 1);
    expect(time.now).toBeLessThan(20);
    const before = time.now;
    real.at += 60_000;
    time.begin();
    turn(1, 1);
    expect(time.now - before).toBe(1);
  });

  test('is a rest for this thread where the loop has work of its own, so that other threads get the processor', () => {
    for (let i = 0; i < 100; i++) turn(1, 1, 0);
    expect(real.rested).toBe(100);
    expect(time.now).toBe(200);
  });

  test('is none where the loop has slept, or was not to', () => {
    turn(1, 1, 0.01);
    turn(0.1, 0, 0);
    expect(real.rested).toBe(0);
  });
});

describe('the patience with what is alive', () => {
  /** How long it lasts. */
  function lasting(patience: Patience, aliveMs: number, isAtWork = false): number {
    const from = time.now;
    while (patience.lasts(aliveMs, () => isAtWork)) {
      turn(5, 1);
      if (time.now - from > 1e6) return Infinity;
    }
    return time.now - from;
  }

  test('has an end, an earlier one once it was in vain', () => {
    const patience = new Patience(time, () => false);
    expect(lasting(patience, 3_000)).toBe(3_000);
    expect(lasting(patience, 3_000)).toBe(500);
  });

  test('has none where an answer is sure to come, even then', () => {
    const patience = new Patience(time, () => false);
    lasting(patience, 3_000);
    expect(lasting(patience, Infinity)).toBe(Infinity);
  });

  test('goes on with what is seen to be at work, for a minute', () => {
    const patience = new Patience(time, () => false);
    expect(lasting(patience, 3_000, true)).toBe(60_000);
  });

  test('is not worn out by one long turn', () => {
    const patience = new Patience(time, () => false);
    expect(patience.lasts(3_000, () => false)).toBe(true);
    turn(3_600_000, 1);
    expect(patience.lasts(3_000, () => false)).toBe(true);
  });
});
