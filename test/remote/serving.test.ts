import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Remote } from '../../src/remote/index.ts';
import { fixture, remote } from './built.ts';
import type { Counter, Stages } from './contracts.ts';

let child: Remote<Counter>;
beforeAll(async () => {
  child = await remote.fork<Counter>(fixture('counter.js'), {});
});
beforeEach(() => child.lifecycle.bootstrap({}));
afterAll(() => child[Symbol.asyncDispose]());

const loops = async (): Promise<{ loops: number; running: number }> => {
  const state = await child.serving.state();
  return { loops: state.loops, running: state.running };
};

describe('the serve loop', () => {
  test('is torn down by pause and started anew by resume, again and again', async () => {
    for (let round = 1; round <= 3; round++) {
      await child.serving.pause();
      expect(await loops()).toEqual({ loops: round, running: 0 });
      await child.serving.resume();
      expect(await loops()).toEqual({ loops: round + 1, running: 1 });
    }
  });

  test('runs once, however often it is resumed, even at the same time', async () => {
    await child.serving.resume();
    expect(await loops()).toEqual({ loops: 1, running: 1 });
    await child.serving.pause();
    await Promise.all([child.serving.resume(), child.serving.resume(), child.serving.resume()]);
    expect(await loops()).toEqual({ loops: 2, running: 1 });
  });

  test('is stopped once by two pauses at the same time; both wait until it has drained', async () => {
    const token = await child.barriers.install('loop:stop');
    const done: string[] = [];
    const pauses = ['first', 'second'].map((name) => child.serving.pause().then(() => done.push(name)));
    await child.barriers.waitHeld(token);
    await child.calls.echo(0);
    expect(done).toEqual([]);
    await child.barriers.release(token);
    await Promise.all(pauses);
    expect(await loops()).toEqual({ loops: 1, running: 0 });
  });

  test('is never there twice: a resume during a pause waits until the old loop has drained', async () => {
    const token = await child.barriers.install('loop:stop');
    const paused = child.serving.pause();
    await child.barriers.waitHeld(token);
    const resumed = child.serving.resume();
    expect(await loops()).toEqual({ loops: 1, running: 1 });
    await child.barriers.release(token);
    await Promise.all([paused, resumed]);
    expect(await loops()).toEqual({ loops: 2, running: 1 });
  });

  test('that drains slowly keeps nobody from being served: its barrier can be released', async () => {
    const token = await child.barriers.install('loop:stop');
    const paused = child.serving.pause();
    await child.barriers.waitHeld(token);
    expect(await child.barriers.release(token)).toBe(true);
    await paused;
  });

  const endings: Record<string, () => Promise<unknown>> = {
    'while it runs': () => Promise.resolve(),
    'while it is paused': () => child.serving.pause(),
    'after a resume': () => child.serving.pause().then(() => child.serving.resume()),
    'during a pause': async () => {
      const token = await child.barriers.install('loop:stop');
      void child.serving.pause();
      await child.barriers.waitHeld(token);
    },
    'during a resume': async () => {
      await child.serving.pause();
      const token = await child.barriers.install('loop:start');
      void child.serving.resume();
      await child.barriers.waitHeld(token);
    },
  };
  test.each(Object.keys(endings))('is stopped once, whenever the server ends: %s', async (when) => {
    await child.calls.history();
    await endings[when]!();
    // Ends this server and starts the next one.
    await child.lifecycle.bootstrap({ from: 1 });
    const history = await child.calls.history();
    expect(history.at(-1)).toBe('start');
    const before = ['start', ...history.slice(0, -1)];
    expect(before.filter((what) => what === 'stop')).toHaveLength(before.length / 2);
    expect(before.join()).toMatch(/^(start,stop,?)+$/);
    expect(await child.serving.state()).toEqual({ count: 1, loops: 1, running: 1 });
  });
});

describe('a start that fails', () => {
  test('reaches who resumed, and leaves the loop stopped', async () => {
    await using stages = await remote.fork<Stages>(fixture('stages.js'), {});
    await stages.serving.pause();
    await stages.lifecycle.bootstrap({ at: 'ready', how: 'throw' });
    await expect(stages.lifecycle.waitReady()).rejects.toThrow('wrong at ready');
    await expect(stages.lifecycle.bootstrap({ at: 'start', how: 'throw' })).rejects.toMatchObject({
      kind: 'remote-start',
      message: "remote child 'stages.js' could not start: wrong at start",
    });
    await expect(stages.serving.resume()).rejects.toMatchObject({ kind: 'shutdown' });
    await stages.lifecycle.bootstrap({});
    await stages.lifecycle.waitReady();
  });

  test('of the stop reaches who paused', async () => {
    await using stages = await remote.fork<Stages>(fixture('stages.js'), { at: 'stop', how: 'throw' });
    await expect(stages.serving.pause()).rejects.toThrow('wrong at stop');
    await stages.serving.resume();
    await expect(stages.serving.pause()).rejects.toThrow('wrong at stop');
  });
});

test('a server without these parts says so', async () => {
  await using bare = await remote.fork(fixture('bare.js'), undefined);
  for (const call of [bare.serving.pause(), bare.serving.resume(), bare.serving.state()]) {
    await expect(call).rejects.toMatchObject({ kind: 'remote-unsupported' });
  }
  await bare.lifecycle.waitReady();
});
