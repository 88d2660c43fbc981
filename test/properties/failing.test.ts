import { describe, expect, test } from 'vitest';
import { explore, replay, script, type Sim } from '../../src/index.ts';

const quick = { seed: 1, vacuity: 'off' } as const;
const two = (sim: Sim, a: () => unknown, b: () => unknown): Promise<unknown> =>
  Promise.all([sim.spawn('a', a), sim.spawn('b', b)]);

describe('what straddle does not control', () => {
  const realNow = performance.now.bind(performance);

  test('state kept between executions: both sides are named', async () => {
    let runs = 0;
    const body = async (sim: Sim): Promise<void> => {
      const name = runs++ % 2 === 0 ? 'even' : 'odd';
      await two(
        sim,
        () => sim.point(name),
        () => sim.point('b'),
      );
    };
    const { failure } = await explore(body, { ...quick, runs: 500 });
    expect(failure?.kind).toBe('nondeterminism');
    expect(failure?.message).toMatch(
      /^The same schedule ran differently when it was repeated: at step \d+, the first time it was (a at even|a at odd), the second time (a at even|a at odd)\. Something outside/,
    );
    expect(failure?.message).not.toMatch(/a at even, the second time a at even|a at odd, the second time a at odd/);
    const again = await replay(body, failure!.token);
    expect(again.failure?.kind).toBe('nondeterminism');
  });

  test('a real clock, kept from before: both sides are named', async () => {
    const body = async (sim: Sim): Promise<void> => {
      const isOdd = Math.floor(realNow() * 1000) % 2 === 1;
      await two(
        sim,
        () => sim.point(isOdd ? 'odd' : 'even'),
        () => sim.point('b'),
      );
    };
    const { failure } = await explore(body, { ...quick, runs: 2000 });
    expect(failure?.kind).toBe('nondeterminism');
    expect(failure?.message).toMatch(/a at (even.*a at odd|odd.*a at even)/);
  });

  test('a failure that a replay does not show is nondeterminism, and the failure is told', async () => {
    let runs = 0;
    const body = async (sim: Sim): Promise<void> => {
      await two(
        sim,
        () => sim.point('a'),
        () => sim.point('b'),
      );
      if (++runs === 5) throw new Error('once');
    };
    const { failure } = await explore(body, quick);
    expect(failure?.kind).toBe('nondeterminism');
    expect(failure?.message).toContain('with the same steps, the first time it failed (error: once)');
    expect(failure?.message).toContain('the second time it passed');
  });

  test('a passing execution whose repetition fails is nondeterminism', async () => {
    let seen = 0;
    const body = async (sim: Sim): Promise<void> => {
      await two(
        sim,
        () => sim.point('a'),
        () => sim.point('b'),
      );
      if (sim.execution === seen) throw new Error('seen before');
      seen = sim.execution;
    };
    const { failure } = await explore(body, { ...quick, runs: 500 });
    expect(failure?.kind).toBe('nondeterminism');
    expect(failure?.message).toContain('the first time it passed, the second time it failed (error: seen before)');
  });

  test('a message that is another one each time is no obstacle', async () => {
    let runs = 0;
    const body = async (sim: Sim): Promise<void> => {
      let n = 0;
      const add = async (): Promise<void> => {
        for (let i = 0; i < 5; i++) await sim.point('harmless');
        const seen = n;
        await sim.point('read');
        n = seen + 1;
      };
      await two(sim, add, add);
      if (n !== 2) throw new Error(`lost update in run ${++runs}`);
    };
    const { failure } = await explore(body, { ...quick, strategy: 'random' });
    expect(failure).toMatchObject({ kind: 'error', deviations: 1, preemptions: 1 });
  });
});

describe('the deciding pair', () => {
  test('one deviation less passes', async () => {
    const body = async (sim: Sim): Promise<void> => {
      let open = true;
      const use = async (): Promise<void> => {
        if (!open) return;
        await sim.point('checked');
        if (!open) throw new Error('used after close');
      };
      const close = async (): Promise<void> => {
        await sim.point('closing');
        open = false;
      };
      await two(sim, use, close);
    };
    const { failure } = await explore(body, quick);
    expect(failure).toMatchObject({
      deviations: 1,
      decidingPair: { first: { task: 'a', op: 'checked', nth: 1 }, second: { task: 'b', nth: 1 } },
    });
    const { step, second } = failure!.decidingPair!;
    expect(failure!.trace[step]).toMatchObject({ task: 'b', op: second.op, deviation: true });
    expect(failure!.trace.filter(({ deviation }) => deviation)).toHaveLength(1);
  });

  test('or one more, where the base order itself fails', async () => {
    const body = async (sim: Sim): Promise<void> => {
      const order: string[] = [];
      const pass = async (name: string): Promise<void> => {
        await sim.point(name);
        order.push(name);
      };
      await two(
        sim,
        () => pass('left'),
        () => pass('right'),
      );
      if (order[0] === 'left') throw new Error('left first');
    };
    const { failure } = await explore(body, quick);
    expect(failure).toMatchObject({
      deviations: 0,
      decidingPair: { first: { task: 'b' }, second: { task: 'a', op: 'left' } },
    });
  });

  test('none where every order fails', async () => {
    const { failure } = await explore(
      (sim) =>
        two(
          sim,
          () => sim.point('x'),
          () => Promise.reject(new Error('always')),
        ),
      quick,
    );
    expect(failure).toMatchObject({ message: 'always', deviations: 0 });
    expect(failure!.decidingPair).toBeUndefined();
  });
});

describe('failures that are judged after the execution', () => {
  const leaky = async (sim: Sim): Promise<void> => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const noise = async (name: string, then: () => void): Promise<void> => {
      for (let i = 0; i < 4; i++) await sim.point('noise');
      await sim.point(name);
      then();
    };
    await two(
      sim,
      () => noise('arms', () => (timer = setTimeout(() => undefined, 1000))),
      () => noise('clears', () => clearTimeout(timer)),
    );
  };

  test('a leak is confirmed and minimised, and its token shows it without the option', async () => {
    const { failure } = await explore(leaky, { ...quick, leaks: 'fail', strategy: 'random' });
    expect(failure).toMatchObject({ kind: 'leak', message: 'Left over when the body had ended: timeout at timeout.' });
    expect(failure!.deviations).toBe(1);
    expect((await replay(leaky, failure!.token)).failure).toMatchObject({
      kind: 'leak',
      message: failure!.message,
      trace: failure!.trace,
      token: failure!.token,
    });
  });

  test.each([
    ['at a choice', ['b', 'z', 'a'], /at its point 2 of 3: 'z' must be next, but only these can run: a at a\.$/],
    ['at the end', ['a', 'b', 'z'], /at its point 3 of 3: the execution ended before 'z' was reached\.$/],
  ])('a script that cannot be followed %s: the token replays the same schedule', async (_, points, sentence) => {
    const body = (sim: Sim): Promise<unknown> =>
      two(
        sim,
        () => sim.point('a'),
        () => sim.point('b'),
      );
    const { failure } = await explore(body, { ...quick, strategy: script(points) });
    expect(failure?.kind).toBe('script');
    expect(failure?.message).toMatch(sentence);
    const again = await replay(body, failure!.token);
    expect(again.failure).toMatchObject({ kind: 'script', message: failure!.message, token: failure!.token });
    expect(again.failure?.trace).toEqual(failure!.trace);
    expect(failure!.trace.map(({ op }) => op).filter((op) => points.includes(op))[0]).toBe(points[0]);
  });
});
