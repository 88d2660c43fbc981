import { describe, expect, test } from 'vitest';
import { evaluateChecks } from '../../src/payload/checks.ts';
import { exists, exitCodeEq, max, min, range, type Check, type Metric } from '../../src/payload/index.ts';

function messages(checks: Check[], values: Record<string, number> = {}, exitCode = 0, stderr = ''): string[] {
  const metrics = Object.entries(values).map(([name, value]): Metric => ({
    name,
    value,
    stream: 'stdout',
    polarity: 'unknown',
    unit: '',
  }));
  return evaluateChecks(checks, { exitCode, stderr, metrics }).map(({ message }) => message);
}

test('no checks, no failures', () => {
  expect(messages([])).toEqual([]);
});

describe('exit code', () => {
  test('a wrong one is the only failure reported', () => {
    expect(messages([min('nowhere', 1), exitCodeEq(0)], {}, 42)).toEqual(['payload exited with code 42, expected 0']);
  });

  test('the first wrong one counts', () => {
    expect(messages([exitCodeEq(42), exitCodeEq(1), exitCodeEq(2)], {}, 42)).toEqual([
      'payload exited with code 42, expected 1',
    ]);
  });

  test('the end of stderr is quoted, without its last blank lines', () => {
    expect(messages([exitCodeEq(0)], {}, 1, 'disk full\n\n')).toEqual([
      'payload exited with code 1, expected 0; stderr:\ndisk full',
    ]);
  });

  test('a long stderr is quoted from its end', () => {
    const [message] = messages([exitCodeEq(0)], {}, 1, `${'x'.repeat(5000)}the cause`);
    expect(message).toMatch(/stderr:\n\.\.\.x{1015}the cause$/);
  });

  test.each(['', ' \n'])('an empty stderr (%j) is not mentioned', (stderr) => {
    expect(messages([exitCodeEq(0)], {}, 1, stderr)).toEqual(['payload exited with code 1, expected 0']);
  });

  test('-1 can be expected: death by a signal', () => {
    expect(messages([exitCodeEq(-1)], {}, -1)).toEqual([]);
  });

  test('-1 is not met by a clean exit', () => {
    expect(messages([exitCodeEq(-1)], {}, 0)).toEqual(['payload exited with code 0, expected -1']);
  });
});

describe('bounds', () => {
  test('below a minimum', () => {
    expect(messages([min('iops', 100)], { iops: 50 })).toEqual(["metric 'iops' = 50 is below minimum 100"]);
  });

  test('above a maximum', () => {
    expect(messages([max('lat', 500)], { lat: 1000 })).toEqual(["metric 'lat' = 1000 exceeds maximum 500"]);
  });

  test('outside a range', () => {
    expect(messages([range('cpu', 0, 100)], { cpu: 150 })).toEqual(["metric 'cpu' = 150 is outside [0, 100]"]);
    expect(messages([range('cpu', 0, 100)], { cpu: -1 })).toEqual(["metric 'cpu' = -1 is outside [0, 100]"]);
  });

  test.each([0, 50, 100])('the bounds are in: %i', (cpu) => {
    expect(messages([range('cpu', 0, 100), min('cpu', 0), max('cpu', 100)], { cpu })).toEqual([]);
  });

  test.each([
    ['min', min('m', 1)],
    ['max', max('m', 1)],
    ['range', range('m', 0, 1)],
  ])('NaN never meets %s, and the message says that it was NaN', (_, check) => {
    expect(messages([check], { m: NaN })).toEqual(["metric 'm': its value is NaN"]);
  });

  test.each([
    ['min', min('m', 1)],
    ['max', max('m', 1)],
    ['range', range('m', 0, 1)],
    ['exists', exists('m')],
  ])('a missing metric fails %s, and the message says that it was missing', (_, check) => {
    expect(messages([check], { other: 1 })).toEqual(["metric 'm' was not found in the output"]);
  });
});

describe('existence is all that exists asks for', () => {
  test.each([0, -0, NaN, 7])('value %d', (m) => {
    expect(messages([exists('m')], { m })).toEqual([]);
  });
});

describe('together', () => {
  test('all hold', () => {
    expect(messages([exitCodeEq(0), min('iops', 1000), exists('iops')], { iops: 5000 })).toEqual([]);
  });

  test('two of one kind on one metric are both judged', () => {
    expect(messages([min('m', 50), min('m', 200)], { m: 100 })).toEqual(["metric 'm' = 100 is below minimum 200"]);
  });

  test('two that contradict each other both fail', () => {
    expect(messages([min('m', 100), max('m', 50)], { m: 75 })).toHaveLength(2);
  });

  test('every failure is reported, with its check', () => {
    const checks = [exitCodeEq(0), min('iops', 100), max('lat', 5), range('cpu', 0, 1)];
    expect(messages(checks, { iops: 1, lat: 9, cpu: 2 })).toEqual([
      expect.stringContaining("'iops'"),
      expect.stringContaining("'lat'"),
      expect.stringContaining("'cpu'"),
    ]);
    const failures = evaluateChecks(checks, { exitCode: 0, stderr: '', metrics: [] });
    expect(failures.map(({ check }) => check)).toEqual(checks.slice(1));
  });
});

describe('a check that cannot be meant is refused where it is made', () => {
  test.each([
    ['reversed bounds', () => range('m', 100, 50), 'lo must be <= hi'],
    ['NaN as minimum', () => min('m', NaN), 'must be a number, not NaN'],
    ['NaN as maximum', () => max('m', NaN), 'must be a number, not NaN'],
    ['NaN as lower bound', () => range('m', NaN, 1), 'must be a number, not NaN'],
    ['NaN as upper bound', () => range('m', 1, NaN), 'must be a number, not NaN'],
    ['half an exit code', () => exitCodeEq(0.5), 'a whole number'],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(expect.objectContaining({ kind: 'payload-argument' }));
    expect(act).toThrow(message);
  });
});
