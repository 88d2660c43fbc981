import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { exitCodeEq, min, payload, type Program } from '../../src/payload/index.ts';

const tool: Program = {
  name: 'tool',
  binary: '/bin/true',
  args: ['--output-format=json'],
  checks: [exitCodeEq(0), min('iops', 500)],
};

describe('arguments', () => {
  test('a new run starts with those of the program', () => {
    expect(payload(tool).plan.args).toEqual(['--output-format=json']);
  });

  test('are appended in order', () => {
    expect(payload(tool).arg('--a').arg('--b').plan.args).toEqual(['--output-format=json', '--a', '--b']);
  });

  test('are appended in bulk, from any iterable', () => {
    const plan = payload(tool).args(new Set(['a', 'b', 'c'])).plan;
    expect(plan.args).toEqual(['--output-format=json', 'a', 'b', 'c']);
  });

  test('clearing drops those of the program', () => {
    expect(payload(tool).clearArgs().arg('--custom').plan.args).toEqual(['--custom']);
  });

  test('clearing drops those appended before, not those after', () => {
    expect(payload('true').arg('--x').clearArgs().arg('--y').plan.args).toEqual(['--y']);
  });
});

describe('checks', () => {
  test('are appended and cleared', () => {
    const two = payload('true').check(exitCodeEq(0)).check(min('iops', 1));
    expect(two.plan.checks).toHaveLength(2);
    expect(two.clearChecks().check(exitCodeEq(1)).plan.checks).toEqual([exitCodeEq(1)]);
  });

  test('a new run starts with those of the program, in order', () => {
    const run = payload(tool);
    expect(run.plan.checks).toEqual([
      { kind: 'exit-code', expected: 0 },
      { kind: 'min', metric: 'iops', min: 500 },
    ]);
    expect(run.check(exitCodeEq(1)).plan.checks).toHaveLength(3);
    expect(run.clearChecks().plan.checks).toEqual([]);
  });
});

describe('placement', () => {
  test('a cgroup name is stored as it is given, not resolved', () => {
    const placement = { parent: '/sys/fs/cgroup', name: '/../workers' };
    expect(payload('true').place(placement).plan.placement).toBe(placement);
  });

  test('a cgroup name may be made at run time', () => {
    const name = ['workers', process.pid].join('-');
    expect(payload('true').place({ parent: '/cg', name }).plan.placement).toEqual({ parent: '/cg', name });
  });
});

test('every method leaves the run that it was called on as it was', () => {
  const run = payload(tool);
  const before = structuredClone(run.plan);
  run.arg('a').args(['b']).clearArgs();
  run.check(exitCodeEq(3)).clearChecks();
  run.timeout(5).cwd('/').env({ A: '1' });
  run.place(() => undefined);
  expect(run.plan).toEqual(before);
});

test('changing the lists of a program later does not reach a run made from it', () => {
  const args = ['a'];
  const run = payload({ binary: 'true', args });
  args.push('b');
  expect(run.plan.args).toEqual(['a']);
});

describe('its text', () => {
  test('names what identifies the run', () => {
    const run = payload({ binary: '/bin/true', name: 'true_bin' })
      .args(['a', 'b'])
      .check(exitCodeEq(0))
      .place({ parent: '/cg', name: 'workers' })
      .env({ SECRET: 'hunter2' });
    expect(inspect(run)).toBe(
      "Payload { payload: 'true_bin', args: 2, checks: 1, place: 'workers', timeout: undefined }",
    );
  });

  test('shows the defaults', () => {
    expect(inspect(payload('true'))).toBe(
      "Payload { payload: 'true', args: 0, checks: 0, place: undefined, timeout: undefined }",
    );
  });

  test('shows time-out and placement function', () => {
    const run = payload('true')
      .place(() => undefined)
      .timeout(50);
    expect(inspect(run)).toContain('place: by a function, timeout: 50');
  });
});

describe('bad input is refused at once, in one sentence', () => {
  test.each([
    ['an empty binary', () => payload(''), 'the binary of a payload must not be empty.'],
    ['a NUL in the binary', () => payload('a\0b'), 'the binary of a payload must not contain a NUL byte.'],
    ['a NUL in an argument', () => payload('a').arg('\0'), 'an argument of a payload must not contain a NUL byte.'],
    ['a NUL in an argument of the program', () => payload({ binary: 'a', args: ['\0'] }), /an argument .* NUL byte/],
    ['a NUL in the directory', () => payload('a').cwd('\0'), /the directory .* NUL byte/],
    ['no string', () => payload('a').arg(1 as never), 'an argument of a payload must be a string, not number.'],
    ['a string for a list', () => payload('a').args('abc'), /use arg for one/],
    ['a time-out of nothing', () => payload('a').timeout(0), /positive number of milliseconds, not 0/],
    ['a time-out that is no number', () => payload('a').timeout(NaN), /not NaN/],
    ['an endless time-out', () => payload('a').timeout(Infinity), /not Infinity/],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(expect.objectContaining({ kind: 'payload-argument' }));
    expect(act).toThrow(message);
  });
});
