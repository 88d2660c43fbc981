import { describe, expect, test } from 'vitest';
import { extractJsonMetrics } from '../../src/payload/json-metrics.ts';
import { metricValue, type Metric } from '../../src/payload/index.ts';
import { resolvePolarities } from '../../src/payload/metrics.ts';

const metric = (name: string, value = 1): Metric => ({ name, value, stream: 'stdout', polarity: 'unknown', unit: '' });

describe('hints', () => {
  test('set polarity and unit', () => {
    const hints = [{ name: 'iops', polarity: 'higher-better', unit: 'ops/s' }] as const;
    expect(resolvePolarities([metric('iops', 5)], hints)).toEqual([
      { name: 'iops', value: 5, stream: 'stdout', polarity: 'higher-better', unit: 'ops/s' },
    ]);
  });

  test('the unit is optional', () => {
    const hints = [{ name: 'iops', polarity: 'higher-better' }] as const;
    expect(resolvePolarities([metric('iops')], hints)[0]).toMatchObject({ polarity: 'higher-better', unit: '' });
  });

  test('leave metrics alone that they do not name', () => {
    const hints = [{ name: 'other', polarity: 'lower-better', unit: 'ms' }] as const;
    expect(resolvePolarities([metric('iops')], hints)).toEqual([metric('iops')]);
  });

  test('go by name, not by position', () => {
    const hints = [
      { name: 'c', polarity: 'lower-better', unit: 'ms' },
      { name: 'a', polarity: 'higher-better', unit: 'ops' },
    ] as const;
    const resolved = resolvePolarities([metric('a'), metric('b'), metric('c')], hints);
    expect(resolved.map(({ polarity, unit }) => [polarity, unit])).toEqual([
      ['higher-better', 'ops'],
      ['unknown', ''],
      ['lower-better', 'ms'],
    ]);
  });

  test('the later of two for one name counts', () => {
    const hints = [
      { name: 'a', polarity: 'higher-better', unit: 'x' },
      { name: 'a', polarity: 'lower-better', unit: 'y' },
    ] as const;
    expect(resolvePolarities([metric('a')], hints)[0]).toMatchObject({ polarity: 'lower-better', unit: 'y' });
  });

  test('reach every metric of the name', () => {
    const hints = [{ name: 'a', polarity: 'lower-better', unit: 'ms' }] as const;
    const resolved = resolvePolarities([metric('a', 1), metric('a', 2)], hints);
    expect(resolved.map(({ value, unit }) => [value, unit])).toEqual([
      [1, 'ms'],
      [2, 'ms'],
    ]);
  });

  test('none, or no metrics: nothing changes', () => {
    const metrics = [metric('a')];
    expect(resolvePolarities(metrics, [])).toBe(metrics);
    expect(resolvePolarities([], [{ name: 'a', polarity: 'lower-better' }])).toEqual([]);
  });
});

test('the value of a metric is found by its name', () => {
  const metrics = [metric('a', 1), metric('b', 2), metric('b', 3)];
  expect(metricValue(metrics, 'b')).toBe(2);
  expect(metricValue({ metrics }, 'a')).toBe(1);
  expect(metricValue(metrics, 'c')).toBeUndefined();
});

describe('the numbers of a JSON document', () => {
  test('have the dotted path to them as their name, in the order of the document', () => {
    const text = '{"jobs":[{"read":{"iops":1500.5},"write":{"iops":0}},{"read":{"iops":-2}}],"version":3}';
    expect(extractJsonMetrics(text)).toEqual([
      ['jobs.0.read.iops', 1500.5],
      ['jobs.0.write.iops', 0],
      ['jobs.1.read.iops', -2],
      ['version', 3],
    ]);
  });

  test('only numbers that a double can hold count', () => {
    expect(extractJsonMetrics('{"a":"1","b":true,"c":null,"d":[],"e":{},"f":1e999,"g":2}')).toEqual([['g', 2]]);
  });

  test.each(['', ' ', 'all is well', '42', '"text"', '{"a":', '{"a":1', '}{'])('%j has none', (text) => {
    expect(extractJsonMetrics(text)).toEqual([]);
  });

  test('a byte order mark does not matter', () => {
    expect(extractJsonMetrics('\uFEFF{"a":1}\n')).toEqual([['a', 1]]);
  });

  test('are found between lines of prose', () => {
    const text =
      'fio: warning {sic} [1]\n[12:00] {"x":9} begins\n{\n  "note": "brace } in text \\" }",\n  "iops": 5\n}\nbye :-]\n';
    expect(extractJsonMetrics(text)).toEqual([['iops', 5]]);
  });

  test('of several documents the first with a number counts', () => {
    expect(extractJsonMetrics('{"status":"ok"}\n{"a":1}\n{"b":2}\n')).toEqual([['a', 1]]);
  });

  test('a document that was cut off gives none, rather than parts of it under wrong names', () => {
    expect(extractJsonMetrics('{\n "jobs": [\n  {\n   "iops": 1\n  }\n ],\n "total": {\n')).toEqual([]);
  });

  test('a document may be deeper than the call stack', () => {
    const depth = 100_000;
    const [leaf] = extractJsonMetrics('[{"a":'.repeat(depth) + '1' + '}]'.repeat(depth));
    expect(leaf?.[1]).toBe(1);
    expect(leaf?.[0].length).toBe(4 * depth - 1);
  });

  test('text that looks like JSON everywhere takes no longer than its length', () => {
    expect(extractJsonMetrics(`note\n${'[{"'.repeat(1_000_000)}`)).toEqual([]);
    expect(extractJsonMetrics(`note\n${'[1]\n'.repeat(1_000)}${'{"x" '.repeat(300_000)}`)[0]).toEqual(['0', 1]);
  });
});
