import { runInNewContext } from 'node:vm';
import { Mutex } from 'async-mutex';
import { describe, expect, test } from 'vitest';
import { check, explore, point, replay, script, StraddleError, type Sim } from '../../src/index.ts';

function fail(): never {
  throw new Error('do not touch');
}

const once = { strategy: 'natural', vacuity: 'off' } as const;

describe('how an execution ends', () => {
  test('an error of a spawned task', async () => {
    const report = await explore(async (sim) => {
      void sim.spawn('bad', async () => {
        await sim.point('p');
        throw new Error('boo');
      });
      await sim.sleep(5);
    }, once);
    expect(report.failure).toMatchObject({ kind: 'error', message: 'boo' });
  });

  test('an error handled by whoever awaits the task is none', async () => {
    const report = await explore(async (sim) => {
      await sim.spawn('bad', () => Promise.reject(new Error('boo'))).catch(() => undefined);
    }, once);
    expect(report.verdict).toBe('pass');
  });

  test("a deadlock under stack traces of the user's own", async () => {
    const { prepareStackTrace } = Error;
    const report = await explore(async (sim) => {
      Error.prepareStackTrace = (_, frames) => frames;
      sim.signal.addEventListener('abort', () => (Error.prepareStackTrace = prepareStackTrace));
      await sim.spawn('stuck', () => new Promise(() => undefined));
    }, once);
    expect(report.failure).toMatchObject({ kind: 'deadlock', waiting: [{ task: 'main' }, { task: 'stuck' }] });
  });

  test('a deadlock names who waits and where', async () => {
    const body = async (sim: Sim): Promise<void> => {
      const a = new Mutex();
      const b = new Mutex();
      const both = async (first: Mutex, second: Mutex): Promise<void> => {
        const release = await first.acquire();
        await sim.point('has one');
        await second.acquire();
        release();
      };
      await Promise.all([sim.spawn('left', () => both(a, b)), sim.spawn('right', () => both(b, a))]);
    };
    const { failure } = await explore(body, { seed: 1 });
    expect(failure?.kind).toBe('deadlock');
    expect(failure?.waiting.map(({ task }) => task).sort()).toEqual(['left', 'main', 'right']);
    for (const { site } of failure!.waiting) expect(site).toMatch(/ends\.test\.ts:\d+:\d+$/);
  });

  test('a livelock is a step budget used up', async () => {
    const report = await explore(
      async (sim) => {
        for (;;) await sim.point('again');
      },
      { ...once, maxSteps: 200 },
    );
    expect(report.failure).toMatchObject({ kind: 'livelock' });
  });

  test('a stalled gate names the hold, who is held and the counts', async () => {
    const { failure } = await explore(
      async (sim) => {
        sim.hold('b').until(() => sim.arrivals('a') > 3);
        await Promise.all([sim.spawn('x', () => sim.point('b')), sim.spawn('y', () => sim.point('a'))]);
      },
      { seed: 1 },
    );
    expect(failure?.kind).toBe('stalled-gate');
    expect(failure?.message).toContain("hold('b') keeps x at b");
    expect(failure?.message).toContain('a 1/1');
  });

  test('an unhandled rejection is collected, one that is handled later is struck off', async () => {
    const seen: unknown[] = [];
    const listener = (reason: unknown): void => void seen.push(reason);
    process.on('unhandledRejection', listener);
    try {
      const stray = await explore(async (sim) => {
        void Promise.reject(new Error('stray'));
        await sim.point('p');
      }, once);
      expect(stray.failure).toMatchObject({ kind: 'unhandled-rejection' });
      expect(stray.failure?.message).toContain('stray (rejected in main');
      const late = await explore(async (sim) => {
        const promise = Promise.reject(new Error('late'));
        await sim.point('p');
        await promise.catch(() => undefined);
      }, once);
      expect(late.verdict).toBe('pass');
      expect(seen).toEqual([]);
    } finally {
      process.off('unhandledRejection', listener);
    }
  });

  test('errors in nextTick and microtask callbacks are errors of the execution', async () => {
    for (const defer of [process.nextTick, queueMicrotask]) {
      const report = await explore(async (sim) => {
        defer(() => {
          throw new Error('deferred');
        });
        await sim.point('p');
      }, once);
      expect(report.failure).toMatchObject({ kind: 'error', message: 'deferred' });
    }
  });

  test('a leak warns, and fails if asked to', async () => {
    const body = (): void => void setTimeout(() => undefined, 1000);
    const warned = await explore(body, once);
    expect([warned.verdict, warned.warnings[0]?.name]).toEqual(['pass', 'leak']);
    expect((await explore(body, { ...once, leaks: 'off' })).warnings).toEqual([]);
    expect((await explore(body, { ...once, leaks: 'fail' })).failure?.kind).toBe('leak');
  });

  test('after a failure finally blocks run, and abandoned code never goes on', async () => {
    const log: string[] = [];
    await explore(
      async (sim) => {
        void sim.spawn('other', async () => {
          try {
            await sim.point('p');
          } finally {
            log.push('finally');
          }
          await new Promise(() => undefined);
          log.push('never');
        });
        await sim.sleep(0);
        throw new Error('fails');
      },
      { ...once, runs: 1 },
    );
    expect(log).toContain('finally');
    expect(log).not.toContain('never');
  });

  test('a script forces one order, and says where it cannot be followed', async () => {
    const order: string[] = [];
    const body = async (sim: Sim): Promise<void> => {
      order.length = 0;
      const step = async (name: string): Promise<void> => {
        await point(name);
        order.push(name);
      };
      await Promise.all([sim.spawn('one', () => step('a')), sim.spawn('two', () => step('b'))]);
    };
    expect((await explore(body, { strategy: script(['b', 'a']) })).verdict).toBe('pass');
    expect(order).toEqual(['b', 'a']);
    const { failure } = await explore(body, { strategy: script(['b', 'c']) });
    expect(failure?.kind).toBe('script');
    expect(failure?.message).toContain("before 'c' was reached");
  });

  test('what straddle does not control is nondeterminism, with both sides named', async () => {
    let runs = 0;
    const { failure } = await explore(
      async (sim) => {
        const odd = runs++ % 2 === 1;
        await Promise.all([
          sim.spawn('a', () => sim.point(odd ? 'left' : 'right')),
          sim.spawn('b', () => sim.point('b')),
        ]);
      },
      { runs: 500, seed: 1 },
    );
    expect(failure?.kind).toBe('nondeterminism');
    expect(failure?.message).toMatch(/at step \d+, the first time it was .*, the second time/);
  });
});

describe('barriers', () => {
  test('install, waitHeld, release', async () => {
    const report = await explore(
      async (sim) => {
        const token = sim.barriers.install('p');
        let passed = false;
        const worker = sim.spawn('worker', async () => {
          await sim.point('p');
          passed = true;
        });
        await sim.barriers.waitHeld(token);
        if (passed) throw new Error('the barrier let it pass');
        expect(sim.barriers.release(token)).toBe(true);
        expect(sim.barriers.release(token)).toBe(false);
        await worker;
      },
      { runs: 20, vacuity: 'warn' },
    );
    expect(report.failure).toBeUndefined();
  });

  test('releasing a superseded barrier leaves the newer one in place', async () => {
    const report = await explore(
      async (sim) => {
        const older = sim.barriers.install('p');
        const newer = sim.barriers.install('p');
        expect(sim.barriers.release(older)).toBe(true);
        const worker = sim.spawn('worker', () => sim.point('p'));
        await sim.barriers.waitHeld(newer);
        sim.barriers.releaseAll();
        await worker;
      },
      { runs: 20, vacuity: 'warn' },
    );
    expect(report.failure).toBeUndefined();
  });

  test('a gate of an execution that is over holds nobody', async () => {
    let first: Sim | undefined;
    const report = await explore(
      async (sim) => {
        first ??= sim;
        if (first !== sim) first.hold('p').until(() => false);
        await sim.point('p');
      },
      { strategy: 'random', runs: 3, vacuity: 'off' },
    );
    expect(report.failure).toBeUndefined();
  });

  test('a gate on a global expression keeps every arrival, in every execution', async () => {
    const both = /^half/g;
    const body = async (sim: Sim): Promise<void> => {
      let free = false;
      sim.hold(both).until(() => free);
      const halves = ['half 1', 'half 2'].map((name) =>
        sim.spawn(name, async () => {
          await sim.point(name);
          expect(free).toBe(true);
        }),
      );
      await sim.point('free');
      free = true;
      await Promise.all(halves);
    };
    const report = await explore(body, { runs: 20, seed: 1 });
    expect(report.failure).toBeUndefined();
  });

  test('a wait that nobody can end any more is rejected with its cause; a foreign token is refused', async () => {
    let kept = '';
    const body = async (sim: Sim): Promise<void> => {
      const token = sim.barriers.install('p');
      sim.barriers.release(token);
      await expect(sim.barriers.waitHeld(token)).rejects.toMatchObject({ kind: 'released-before-arrival' });
      if (kept !== '') expect(() => sim.barriers.release(kept)).toThrow(/another execution/);
      kept = token;
    };
    const report = await explore(body, { runs: 3, vacuity: 'off' });
    expect(report.failure).toBeUndefined();
  });
});

describe('wrong use is one sentence', () => {
  const body = async (sim: Sim): Promise<void> => {
    await Promise.all([sim.spawn('a', () => sim.point('x')), sim.spawn('b', () => sim.point('x'))]);
  };
  test.each([
    [{ runz: 1 }, "did you mean 'runs'?"],
    [{ runs: -1 }, 'runs must be a whole number of 1 or more, not -1.'],
    [{ runs: 1.5 }, 'runs must be a whole number'],
    [{ strategy: 'randon' }, "did you mean 'random'?"],
    [{ strategy: {} }, "'begin' and 'choose'"],
    [{ seed: NaN }, 'seed must be a whole number'],
    [{ bursts: 2 }, 'bursts must be a share'],
    [{ time: 'fast' }, 'time must be one of'],
    [{ branches: { x: { share: 2 } } }, 'share must be above 0'],
    [{ signal: 3 }, 'signal must be an AbortSignal, not 3.'],
    [{ onProgress: 'loud' }, "onProgress must be a function, not 'loud'."],
    [{ runs: '5' }, "runs must be a whole number of 1 or more, not '5'."],
    [{ stallMs: '5' }, "stallMs must be a number of milliseconds of 0 or more, not '5'."],
    [{ branches: null }, 'branches must be a list of labels'],
    [{ branches: { x: 3 } }, "branches['x'] must be an object with executions, share, every, not 3."],
    [{ branches: { x: { exections: 3 } } }, "'exections' of 'x' is none of them."],
  ])('%o', async (options, sentence) => {
    const error: unknown = await explore(body, options as object).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StraddleError);
    expect(error).toMatchObject({ kind: 'usage', message: expect.stringContaining(sentence) as string });
  });

  test.each<[(sim: Sim) => unknown, string]>([
    [(sim) => sim.point(5 as never), 'A point is named by a text, not by 5.'],
    [(sim) => sim.branch(undefined as never), 'A branch is named by a text, not by undefined.'],
    [(sim) => sim.spawn('a', undefined as never), 'spawn takes a name and a function'],
    [(sim) => sim.sleep(-1), 'sleep takes a number of milliseconds of 0 or more, not -1.'],
    [(sim) => sim.hold('x').until(true as never), 'until takes a function'],
    [(sim) => sim.hold('x').for(NaN), 'for takes a number of milliseconds of 0 or more, not NaN.'],
    [(sim) => sim.hold('x', { skip: 0.5 }), "hold's option 'skip' must be a whole number of 0 or more, not 0.5."],
    [(sim) => sim.hold('x', { takes: 1 } as object), "hold has no option 'takes'; the options are key, skip, take."],
    [(sim) => sim.hold(1 as never), 'hold takes the name of a point or a regular expression.'],
  ])('%s', async (misuse, sentence) => {
    const { failure } = await explore(misuse, once);
    expect(failure?.error).toMatchObject({ kind: 'usage', message: expect.stringContaining(sentence) as string });
  });

  test.each<[string, unknown, string]>([
    ['an error', new Error('lost'), 'lost'],
    ['an error without a message', new RangeError(), 'RangeError'],
    ['an error of another realm', runInNewContext('new Error("far")'), 'far'],
    ['an object', { code: 7 }, '{ code: 7 }'],
    ['an object without a prototype', Object.create(null), '[Object: null prototype] {}'],
    ['nothing', undefined, 'undefined'],
    ['an object that throws itself', new Proxy({}, { get: () => fail(), getPrototypeOf: () => fail() }), '{}'],
    ['an error whose message throws', Object.defineProperty(new Error(), 'message', { get: fail }), 'cannot be shown'],
  ])('whatever a body throws has a text: %s', async (_, thrown, message) => {
    const { failure } = await explore(async (sim) => {
      await sim.point('x');
      throw thrown;
    }, once);
    expect(failure?.kind).toBe('error');
    expect(failure?.message).toContain(message);
    expect(failure?.error).toBe(thrown);
  });

  test('nothing was run', async () => {
    const { verdict, vacuous } = await explore(body, { signal: AbortSignal.abort() });
    expect(verdict).toBe('vacuous');
    expect(vacuous.map(({ detail }) => detail)).toEqual([expect.stringMatching(/^No execution was run/)]);
  });

  test('a body that is no function, a nested exploration, an undeclared branch', async () => {
    await expect(explore(1 as never)).rejects.toMatchObject({ kind: 'usage' });
    const nested = await explore(() => explore(body), once);
    expect(nested.failure?.message).toContain('inside a controlled execution');
    await expect(explore((sim) => sim.branch('typo'), { branches: ['x'] })).rejects.toMatchObject({
      kind: 'undeclared-branch',
    });
  });

  test('tokens: no token, another version, damaged, another body', async () => {
    const lost = async (sim: Sim): Promise<void> => {
      let n = 0;
      const add = async (): Promise<void> => {
        const seen = n;
        await sim.point('read');
        n = seen + 1;
      };
      await Promise.all([sim.spawn('add', add), sim.spawn('add', add)]);
      if (n !== 2) throw new Error(`lost update: ${n}`);
    };
    const { token } = (await explore(lost, { seed: 1 })).failure!;
    await expect(replay(lost, 'hello')).rejects.toMatchObject({ kind: 'token' });
    await expect(replay(lost, `st9${token.slice(3)}`)).rejects.toThrow(/version 9/);
    await expect(replay(lost, `${token.slice(0, 12)}A${token.slice(13)}`)).rejects.toThrow(/damaged/);
    await expect(replay(body, token)).rejects.toMatchObject({ kind: 'token-mismatch' });
    expect((await replay(lost, token)).failure?.message).toBe('lost update: 1');
  });

  test('two tasks of one name are numbered', async () => {
    const { failure } = await explore(async (sim) => {
      await Promise.all([sim.spawn('a', () => sim.point('x')), sim.spawn('a', () => sim.point('x'))]);
      throw new Error('end');
    }, once);
    expect(new Set(failure!.trace.map(({ task }) => task))).toEqual(new Set(['main', 'a', 'a#2']));
  });

  test('check throws the story with the token', async () => {
    await expect(check(() => Promise.reject(new Error('bad')), once)).rejects.toThrow(
      /error: bad[\s\S]*STRADDLE_REPLAY=st1\./,
    );
  });
});

test('two explorations started together never mix', async () => {
  let inside = 0;
  const body = async (sim: Sim): Promise<void> => {
    inside++;
    await Promise.all([sim.spawn('a', () => sim.point('x')), sim.spawn('b', () => sim.point('x'))]);
    if (inside !== 1) throw new Error('mixed');
    inside--;
  };
  const reports = await Promise.all([explore(body), explore(body), explore(body)]);
  expect(reports.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'pass']);
});

test('budget and signal end an exploration, also within one execution', async () => {
  const endless = async (sim: Sim): Promise<void> => {
    for (;;) await sim.point('p');
  };
  const budget = await explore(endless, { maxSteps: 1e9, budgetMs: 120, vacuity: 'off' });
  expect(budget.executions).toBe(0);
  const controller = new AbortController();
  let turns = 0;
  const onProgress = (): void => void (++turns === 2 && controller.abort());
  await explore(endless, { maxSteps: 1e9, signal: controller.signal, onProgress, vacuity: 'off' });
  expect(turns).toBe(2);
});
