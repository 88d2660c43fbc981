import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Remote } from '../../src/remote/index.ts';
import { fixture, remote } from './built.ts';
import type { Counter } from './contracts.ts';

let child: Remote<Counter>;
beforeAll(async () => {
  child = await remote.fork<Counter>(fixture('counter.js'), {});
});
beforeEach(() => child.lifecycle.bootstrap({}));
afterAll(() => child[Symbol.asyncDispose]());

/** Outcome of a promise that may still be open. */
function watch(promise: Promise<unknown>): { settled: boolean } {
  const state = { settled: false };
  const settle = (): void => {
    state.settled = true;
  };
  promise.then(settle, settle);
  return state;
}

describe('a barrier', () => {
  test('holds who reaches it until it is released; the reply is the rendezvous', async () => {
    const token = await child.barriers.install('add:read');
    const add = child.calls.add(5);
    const watched = watch(add);
    await child.barriers.waitHeld(token);
    expect((await child.serving.state()).count).toBe(0);
    expect(watched.settled).toBe(false);
    expect(await child.barriers.release(token)).toBe(true);
    expect(await add).toBe(5);
  });

  test('holds everybody who comes, not only the first', async () => {
    const token = await child.barriers.install('add:read');
    const adds = [1, 2, 3].map((by) => child.calls.add(by));
    await child.barriers.waitHeld(token);
    await child.calls.echo(0);
    expect((await child.serving.state()).count).toBe(0);
    await child.barriers.release(token);
    await Promise.all(adds);
  });

  test('with a key holds only who has it', async () => {
    const token = await child.barriers.install('add:read', 7n);
    expect(await child.calls.add(1, 7)).toBe(1);
    const add = child.calls.add(1, 7n);
    await child.barriers.waitHeld(token);
    await child.barriers.release(token);
    expect(await add).toBe(2);
  });

  test('released while superseded leaves the newer one in place', async () => {
    const older = await child.barriers.install('add:read', 1);
    const newer = await child.barriers.install('add:read', 1);
    expect(await child.barriers.release(older)).toBe(true);
    const add = child.calls.add(1, 1);
    await child.barriers.waitHeld(newer);
    expect(await child.barriers.release(newer)).toBe(true);
    expect(await add).toBe(1);
  });

  test('is gone once released: false, and later arrivals pass', async () => {
    const token = await child.barriers.install('add:read');
    expect(await child.barriers.release(token)).toBe(true);
    expect(await child.barriers.release(token)).toBe(false);
    expect(await child.calls.add(1)).toBe(1);
  });

  test('releaseAll lets everybody go', async () => {
    const tokens = [await child.barriers.install('add:read', 1), await child.barriers.install('add:read', 2)];
    const adds = [child.calls.add(1, 1), child.calls.add(1, 2)];
    await Promise.all(tokens.map((token) => child.barriers.waitHeld(token)));
    await child.barriers.releaseAll();
    expect(await Promise.all(adds)).toEqual([1, 1]);
  });
});

describe('waiting for somebody to be held ends, with the cause', () => {
  test('released-before-arrival', async () => {
    const token = await child.barriers.install('nobody comes here');
    const waiting = expect(child.barriers.waitHeld(token)).rejects.toMatchObject({ kind: 'released-before-arrival' });
    await child.barriers.release(token);
    await waiting;
    await expect(child.barriers.waitHeld(token)).rejects.toMatchObject({ kind: 'released-before-arrival' });
  });

  test('shutdown, of the server', async () => {
    const waiting = child.barriers.waitHeld(await child.barriers.install('nobody comes here'));
    const told = expect(waiting).rejects.toMatchObject({ kind: 'shutdown' });
    await child.lifecycle.bootstrap({});
    await told;
  });

  test('aborted, and the child forgets it', async () => {
    const token = await child.barriers.install('add:read');
    const waiting = child.barriers.waitHeld(token, AbortSignal.timeout(20));
    await expect(waiting).rejects.toMatchObject({ kind: 'aborted', cause: { name: 'TimeoutError' } });
    await expect(child.barriers.waitHeld(token, AbortSignal.abort('no'))).rejects.toMatchObject({ cause: 'no' });
    const add = child.calls.add(1);
    await child.barriers.waitHeld(token, new AbortController().signal);
    await child.barriers.release(token);
    await add;
  });

  test.each(['unknown-token', 'foreign-token'])('%s', async (kind) => {
    const token = kind === 'unknown-token' ? 'whatever' : 'barrier-1-1';
    await expect(child.barriers.waitHeld(token)).rejects.toMatchObject({ kind });
  });

  test('a token of another child is foreign', async () => {
    await using other = await remote.fork<Counter>(fixture('counter.js'), {});
    const token = await other.barriers.install('add:read');
    await expect(child.barriers.waitHeld(token)).rejects.toMatchObject({ kind: 'foreign-token' });
    await expect(child.barriers.release(token)).rejects.toMatchObject({ kind: 'foreign-token' });
  });

  test('child-exited, with what it said', async () => {
    await using mortal = await remote.fork<Counter>(fixture('counter.js'), {});
    const waiting = mortal.barriers.waitHeld(await mortal.barriers.install('nobody comes here'));
    const dying = mortal.calls.die(3);
    for (const pending of [waiting, dying]) {
      await expect(pending).rejects.toMatchObject({
        kind: 'child-exited',
        message: `remote child 'counter.js' (process ${mortal.pid}) exited with code 3; stderr:\nabout to die`,
      });
    }
    await expect(mortal.calls.echo(1)).rejects.toMatchObject({ kind: 'child-exited' });
  });

  test('barriers-disabled, at once', async () => {
    await using without = await remote.fork<Counter>(fixture('counter.js'), {}, { barriers: false });
    await expect(without.barriers.install('add:read')).rejects.toMatchObject({ kind: 'barriers-disabled' });
    await expect(without.barriers.waitHeld('barrier-1-1')).rejects.toMatchObject({ kind: 'barriers-disabled' });
    expect(await without.calls.add(1)).toBe(1);
  });
});

test('the production hook is in place only while a barrier stands', async () => {
  expect(await child.calls.isHooked()).toBe(false);
  const tokens = [await child.barriers.install('add:read', 1), await child.barriers.install('add:read', 2)];
  expect(await child.calls.isHooked()).toBe(true);
  await child.barriers.release(tokens[0]!);
  expect(await child.calls.isHooked()).toBe(true);
  await child.barriers.release(tokens[1]!);
  expect(await child.calls.isHooked()).toBe(false);
});

test.each([
  ['an empty name', '', undefined],
  ['an object as key', 'add:read', {}],
])('refuses %s', async (_, name, key) => {
  await expect(child.barriers.install(name, key)).rejects.toMatchObject({ kind: 'usage' });
});
