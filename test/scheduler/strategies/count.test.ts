import { expect, test } from 'vitest';
import { countSchedules } from '../../../scheduler/strategies/count.ts';

const chains = (tasks: number, steps: number): boolean[][] =>
  Array.from({ length: tasks }, () => Array(steps).fill(true));
const whole = { preemptions: Infinity, delays: Infinity, together: false };

test.each([
  [2, 3, 20],
  [2, 5, 252],
  [3, 2, 90],
  [3, 3, 1680],
  [1, 500, 1],
  [1, 0, 1],
])('%i chains of %i steps have %i schedules', (tasks, steps, schedules) => {
  expect(countSchedules(chains(tasks, steps), whole, Infinity)).toBe(schedules);
});

test.each([
  [2, 5, [2, 10, 42, 90, 162, 210, 242, 250, 252]],
  [3, 3, [6, 42, 192, 552, 1062, 1506, 1680]],
])('%i chains of %i steps, by preemptions: %o', (tasks, steps, counts) => {
  const counted = counts.map((_, preemptions) =>
    countSchedules(chains(tasks, steps), { ...whole, preemptions }, Infinity),
  );
  expect(counted).toEqual(counts);
});

test('six chains of one step, by delays', () => {
  const counts = [1, 6, 20, 49, 98, 169, 259].map((_, delays) =>
    countSchedules(chains(6, 1), { ...whole, delays }, Infinity),
  );
  expect(counts).toEqual([1, 6, 20, 49, 98, 169, 259]);
});

test('what may be settled together: the ordered partitions of the tasks, each in any order', () => {
  const together = { ...whole, together: true };
  // Of 3: 6 orders, each cut into groups in 4 ways.
  expect(countSchedules(chains(3, 1), together, Infinity)).toBe(24);
  const callbacks = [[false], [false], [false]];
  expect(countSchedules(callbacks, together, Infinity)).toBe(6);
});

test('no further than asked', () => {
  expect(countSchedules(chains(20, 20), whole, 100)).toBe(101);
});
