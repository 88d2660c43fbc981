import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { Capture } from '../../src/payload/capture.ts';
import { extractJsonMetrics } from '../../src/payload/json-metrics.ts';
import { exists, METRICS_CHANNEL, min, payload, type PayloadMetrics } from '../../src/payload/index.ts';
import type { Plan } from '../../src/payload/plan.ts';
import { conclude, publish, readMetrics } from '../../src/payload/result.ts';
import { jsonSh, sh } from './processes.ts';

const texts = (stdout: string, stderr: string) => ({ stdout, stderr });
const read = (stdout: string, stderr: string) => readMetrics(texts(stdout, stderr), extractJsonMetrics);
const brief = (metrics: ReturnType<typeof read>) => metrics.map(({ name, value, stream }) => [name, value, stream]);

const { plan } = payload({ name: 'tool', binary: 'tool', output: 'json' });
const output = (stdout: string, stderr = '') => ({
  ...texts(stdout, stderr),
  exitCode: 0,
  signal: null,
  timedOut: false,
  truncated: [],
  heldOpen: [],
});

describe('which stream the metrics come from', () => {
  test('stdout, if it has any; stderr is not looked at then', () => {
    expect(brief(read('{"iops":500}', '{"iops":9999999}'))).toEqual([['iops', 500, 'stdout']]);
    expect(brief(read('{"iops":500,"lat":2}', '{"iops":9999999,"extra":1}'))).toEqual([
      ['iops', 500, 'stdout'],
      ['lat', 2, 'stdout'],
    ]);
  });

  test.each([
    ['is empty', ''],
    ['is prose', 'starting 4 workers … done'],
    ['has JSON without numbers', '{"status":"ok","ready":true,"note":null}'],
  ])('stderr, if stdout %s', (_, stdout) => {
    expect(brief(read(stdout, '{"latency_ns":1234}'))).toEqual([['latency_ns', 1234, 'stderr']]);
  });

  test('neither, if neither has a number', () => {
    expect(read('{"status":"ok"}', '{"note":"x"}')).toEqual([]);
    expect(read('', '')).toEqual([]);
  });

  test('no more of the output is read than needed', () => {
    const readers: string[] = [];
    const reading = (stdout: string, stderr: string): string[] => {
      readers.length = 0;
      readMetrics(texts(stdout, stderr), (text) => {
        readers.push(text);
        return extractJsonMetrics(text);
      });
      return [...readers];
    };
    expect(reading('{"a":1}', '{"b":1}')).toEqual(['{"a":1}']);
    expect(reading('prose', '{"b":1}')).toEqual(['prose', '{"b":1}']);
    expect(reading('', '')).toEqual(['']);
  });

  test('a program without JSON output has none, whatever it prints', async () => {
    expect((await sh('echo \'{"iops":5}\'').run()).metrics).toEqual([]);
  });

  test('a real program: both streams', async () => {
    const both = await jsonSh('echo \'{"noise":9}\' >&2; echo \'{"iops":5}\'').run();
    expect(brief(both.metrics)).toEqual([['iops', 5, 'stdout']]);
    const fallback = await jsonSh('echo \'{"iops":5}\' >&2; echo ready').run();
    expect(brief(fallback.metrics)).toEqual([['iops', 5, 'stderr']]);
  });

  const branches = new Set<string>();
  test('is the same in every order in which the pieces of the two streams arrive', async () => {
    const outputs = fc.constantFrom('', 'prose\n', '{"status":"ok"}\n', '{\n "iops": 500\n}\n');
    await fc.assert(
      fc.asyncProperty(outputs, outputs, fc.array(fc.nat(6)), fc.array(fc.boolean()), async (out, err, cuts, turns) => {
        const streams = { stdout: new Readable({ read() {} }), stderr: new Readable({ read() {} }) };
        const stdout = new Capture(streams.stdout, 'stdout', 'tool', 1024);
        const stderr = new Capture(streams.stderr, 'stderr', 'tool', 1024);
        const rest: Record<'stdout' | 'stderr', string> = { stdout: out, stderr: err };
        const sizes = cuts[Symbol.iterator]();
        for (const turn of turns) {
          const name = turn ? 'stdout' : 'stderr';
          const size = sizes.next().value ?? 1;
          if (size > 0) streams[name].push(rest[name].slice(0, size));
          rest[name] = rest[name].slice(size);
          if (size % 2 === 0) await Promise.resolve();
        }
        for (const name of ['stdout', 'stderr'] as const) {
          streams[name].push(rest[name]);
          streams[name].push(null);
        }
        await Promise.all([stdout.closed, stderr.closed]);
        const metrics = read(stdout.text(), stderr.text());
        expect(metrics).toEqual(read(out, err));
        branches.add(metrics[0]?.stream ?? 'none');
      }),
      { numRuns: 200 },
    );
    expect([...branches].sort()).toEqual(['none', 'stderr', 'stdout']);
  });
});

describe('the index', () => {
  test('counts results in the order in which they are concluded, without gaps', async () => {
    const first = conclude(plan, output('')).index;
    const slow = await sh('read x').spawn();
    const fast = await sh('true').spawn();
    expect((await fast.wait()).index).toBe(first + 1);
    expect((await slow.kill()).index).toBe(first + 2);
    const many = await Promise.all(Array.from({ length: 20 }, () => sh('true').run()));
    expect(many.map(({ index }) => index).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => first + 3 + i),
    );
  });

  test('is not used up by what gives no result', async () => {
    const first = conclude(plan, output('')).index;
    await expect(payload('/no/such/binary').run()).rejects.toThrow();
    const handle = await sh('sleep 60').spawn();
    expect(await handle.tryWait()).toBeUndefined();
    await handle.kill();
    await expect(handle.wait()).rejects.toThrow('already consumed');
    expect(conclude(plan, output('')).index).toBe(first + 2);
  });
});

describe('publication', () => {
  const seen: PayloadMetrics[] = [];
  const listen = (message: unknown) => seen.push(message as PayloadMetrics);
  afterEach(() => {
    unsubscribe(METRICS_CHANNEL, listen);
    seen.length = 0;
  });

  test('goes nowhere when nobody listens', () => {
    expect(publish({ payload: 'tool', index: 0, exitCode: 0, metrics: [] })).toBe(false);
  });

  test('happens once per result, before its checks are judged', () => {
    subscribe(METRICS_CHANNEL, listen);
    const published: number[] = [];
    const checks: Plan['checks'] = {
      *[Symbol.iterator]() {
        published.push(seen.length);
        yield exists('a');
      },
    } as never;
    const result = conclude({ ...plan, checks }, output('{"a":1}'));
    expect(published).toEqual([1]);
    expect(result.pass).toBe(true);
    expect(seen).toEqual([
      {
        payload: 'tool',
        index: result.index,
        exitCode: 0,
        metrics: [{ name: 'a', value: 1, stream: 'stdout', polarity: 'unknown', unit: '' }],
      },
    ]);
  });

  test('does not depend on the verdict, nor the verdict on it', async () => {
    subscribe(METRICS_CHANNEL, listen);
    const result = await jsonSh('echo \'{"a":1}\'').check(min('a', 2)).run();
    expect(result.pass).toBe(false);
    expect(seen.map(({ index }) => index)).toEqual([result.index]);
  });

  test('survives JSON', () => {
    subscribe(METRICS_CHANNEL, listen);
    const hints = [{ name: 'a.b', polarity: 'lower-better', unit: 'ms' }] as const;
    const result = conclude({ ...plan, hints }, output('{"a":{"b":1.5}}'));
    expect(JSON.parse(JSON.stringify(seen))).toEqual(seen);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    expect(seen[0]?.metrics).toEqual([
      { name: 'a.b', value: 1.5, stream: 'stdout', polarity: 'lower-better', unit: 'ms' },
    ]);
  });
});

test('checks, hints and metrics come together in a result', async () => {
  const result = await payload({
    name: 'bench',
    binary: '/bin/sh',
    args: ['-c', 'echo \'{"iops":100}\'; echo slow disk >&2; exit 3'],
    output: 'json',
    hints: [{ name: 'iops', polarity: 'higher-better', unit: 'ops/s' }],
    checks: [min('iops', 500), exists('lat')],
  }).run();
  expect(result).toEqual({
    payload: 'bench',
    index: expect.any(Number) as number,
    exitCode: 3,
    signal: null,
    timedOut: false,
    metrics: [{ name: 'iops', value: 100, stream: 'stdout', polarity: 'higher-better', unit: 'ops/s' }],
    stdout: '{"iops":100}\n',
    stderr: 'slow disk\n',
    truncated: [],
    heldOpen: [],
    pass: false,
    failures: [
      { check: min('iops', 500), message: "metric 'iops' = 100 is below minimum 500" },
      { check: exists('lat'), message: "metric 'lat' was not found in the output" },
    ],
  });
});
