import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Remote } from '../../src/remote/index.ts';
import { fixture, remote } from './built.ts';
import type { Counter } from './contracts.ts';

let child: Remote<Counter>;
beforeAll(async () => {
  child = await remote.fork<Counter>(fixture('counter.js'), {});
});
afterAll(() => child[Symbol.asyncDispose]());

describe('a call', () => {
  test('runs in the other process', async () => {
    expect(await child.calls.pid()).toBe(child.pid);
    expect(child.pid).not.toBe(process.pid);
  });

  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  test.each<[string, unknown]>([
    ['text', 'é\u2028\ud800 "'],
    ['numbers that JSON lacks', [NaN, -0, Infinity, 2n ** 70n]],
    ['minus zero', -0],
    ['undefined', undefined],
    ['null', null],
    ['bytes', new Uint8Array([0, 255, 10, 13])],
    ['collections', new Map([[new Date(5), new Set([/x/g])]])],
    ['an object that looks packed', { packed: 'AAAA' }],
    ['a cycle', cyclic],
    ['a megabyte', 'x'.repeat(2 ** 20)],
  ])('carries %s', async (_, value) => {
    expect(await child.calls.echo(value)).toEqual(value);
    expect(Object.is(await child.calls.echo(-0), -0)).toBe(true);
  });

  test('refuses what cannot be copied, naming the argument', async () => {
    await expect(child.calls.echo(() => 1)).rejects.toMatchObject({
      kind: 'remote-argument',
      message: expect.stringMatching(/^argument 2 of counter\.js\.calls\.echo cannot be sent/) as string,
    });
    expect(await child.calls.echo('still here')).toBe('still here');
  });

  test('rejects with the error of the other side, its class, properties and stack', async () => {
    const error = (await child.calls.fail('too far').catch((thrown: unknown) => thrown)) as RangeError;
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'too far', code: 'E_FAIL', detail: { n: 1n } });
    expect(error.stack).toContain('fixtures/remote/counter.js');
  });

  test('is one of the server, or there is none', () => {
    expect(Object.keys(child.calls)).toContain('add');
    expect((child.calls as Record<string, unknown>)['constructor']).toBe(Object);
    expect((child.calls as Record<string, unknown>)['then']).toBeUndefined();
  });

  test('is served while others are parked', async () => {
    const token = await child.barriers.install('add:read');
    const parked = [child.calls.add(1), child.calls.add(1)];
    await child.barriers.waitHeld(token);
    expect(await Promise.all(Array.from({ length: 50 }, (_, i) => child.calls.echo(i)))).toHaveLength(50);
    await child.barriers.release(token);
    // Both had read the same count: the lost update that the barrier made.
    expect(await Promise.all(parked)).toEqual([1, 1]);
  });
});

test('a fresh server in the same process knows nothing of the old one', async () => {
  const { pid } = child;
  await child.lifecycle.bootstrap({ from: 40 });
  expect(child.pid).toBe(pid);
  expect(await child.calls.add(2)).toBe(42);
  await child.lifecycle.bootstrap({});
  expect(await child.serving.state()).toEqual({ count: 0, loops: 1, running: 1 });
});
