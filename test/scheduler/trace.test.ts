import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JOINED, SITE, Trace } from '../../scheduler/trace.ts';

interface Step {
  readonly task: number;
  readonly label: number;
  readonly created: number;
  readonly joined: boolean;
}

const steps = fc.array(fc.record({ task: fc.nat(3), label: fc.nat(200), created: fc.nat(20), joined: fc.boolean() }), {
  maxLength: 20,
});

function push(trace: Trace, all: readonly Step[]): void {
  for (const { task, label, created, joined } of all)
    trace.push(task, label, Math.min(created, trace.length), 0, SITE | (joined ? JOINED : 0));
}

function told(trace: Trace): { hash: number[]; sites: [number, boolean][]; length: number } {
  trace.hash();
  const sites: [number, boolean][] = [];
  trace.eachSite((label, straddled) => sites.push([label, straddled]));
  return { hash: [trace.hashA, trace.hashB], sites, length: trace.length };
}

test('what is traced after a freeze leaves neither hash nor sites nor steps; a cleared trace is a new one', () => {
  const trace = new Trace();
  fc.assert(
    fc.property(steps, steps, (counted, late) => {
      const fresh = new Trace();
      push(fresh, counted);
      trace.clear();
      push(trace, counted);
      trace.freeze();
      push(trace, late);
      trace.thaw();
      expect(told(trace)).toEqual(told(fresh));
    }),
  );
});

test('a site is straddled if in one of its waits another step came in between', () => {
  const trace = new Trace();
  push(trace, [
    { task: 0, label: 0, created: 0, joined: false },
    { task: 1, label: 7, created: 0, joined: false },
    { task: 1, label: 7, created: 1, joined: false },
    { task: 2, label: 9, created: 1, joined: false },
    { task: 2, label: 9, created: 3, joined: false },
  ]);
  expect(told(trace).sites).toEqual([
    [0, false],
    [7, false],
    [9, true],
  ]);
});

test('schedules that differ in a task, a label, a drain or a time have other hashes', () => {
  const base = { task: 1, label: 2, created: 0, joined: false };
  const hashes = [base, { ...base, task: 2 }, { ...base, label: 3 }, { ...base, joined: true }].map((step) => {
    const trace = new Trace();
    push(trace, [base, step]);
    return told(trace).hash.join();
  });
  const timed = new Trace();
  push(timed, [base]);
  timed.take(3);
  push(timed, [base]);
  expect(new Set([...hashes, told(timed).hash.join()]).size).toBe(5);
});
