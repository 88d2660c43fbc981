import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hop } from '../../scheduler/point.ts';
import { fingerprint } from '../../scheduler/prints.ts';
import { decodeToken, encodeToken } from '../../scheduler/token.ts';
import { explore, replay, StraddleError, TokenMismatchError, type Failure, type Sim } from '../../src/index.ts';

interface Edit {
  /** Steps that have nothing to do with it, before, between and after. */
  extra?: number;
  /** Another name of the point between read and write. */
  point?: string;
  /** Another name of the tasks. */
  task?: string;
  /** The mended code: nothing runs between read and write. */
  fixed?: boolean;
}

/** A lost update that needs a task switch between two timers' callbacks, and edits of its code. */
function account({ extra = 0, point = 'checked', task = 'withdraw', fixed = false }: Edit = {}) {
  return async (sim: Sim): Promise<void> => {
    let balance = 100;
    const pad = async (): Promise<void> => {
      for (let i = 0; i < extra; i++) await sim.point('unrelated');
    };
    const withdraw = async (): Promise<void> => {
      await pad();
      await sim.sleep(1);
      if (balance < 100) return;
      if (!fixed) await sim.point(point);
      balance -= 100;
      await pad();
      await sim.point('paid');
    };
    await Promise.all([sim.spawn(task, withdraw), sim.spawn('noise', pad), sim.spawn(task, withdraw)]);
    if (balance < 0) throw new Error('overdrawn');
  };
}

async function found(seed = 1): Promise<Failure> {
  const { failure } = await explore(account(), { seed, time: 'idle', strategy: 'random', bursts: 0 });
  expect(failure).toMatchObject({ message: 'overdrawn', deviations: 1 });
  return failure!;
}

async function mismatchOf(body: (sim: Sim) => unknown, token: string): Promise<TokenMismatchError> {
  const error: unknown = await replay(body, token).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TokenMismatchError);
  return error as TokenMismatchError;
}

test('the same code: the same trace, the same token', async () => {
  const failure = await found();
  const report = await replay(account(), failure.token);
  expect(report).toMatchObject({ verdict: 'fail', executions: 1, strategy: 'replay' });
  expect(report.failure).toMatchObject({ message: 'overdrawn', trace: failure.trace, token: failure.token });
});

describe('after an edit', () => {
  test('unrelated steps move nothing: the failure is found again, and the difference is told', async () => {
    const { token } = await found();
    for (const extra of [1, 2, 5]) {
      const { report, message } = await mismatchOf(account({ extra }), token);
      expect(report.failure?.message).toBe('overdrawn');
      expect(message).toMatch(
        /^This token does not fit the body any more: at step \d+ another operation was recorded; here it is .* at unrelated; every one of the recorded deviations could still be followed\.$/,
      );
    }
  });

  test('a renamed operation: followed by task, and told what was met instead', async () => {
    const { token } = await found();
    const { report, message } = await mismatchOf(account({ point: 'looked' }), token);
    expect(report.verdict).toMatch(/pass|fail/);
    expect(message).toContain("withdraw at checked' was expected");
    expect(message).toMatch(/here it is withdraw(#2)? at looked/);
  });

  test('a renamed task: the deviation cannot be followed', async () => {
    const { token } = await found();
    const { message } = await mismatchOf(account({ task: 'pay' }), token);
    expect(message).toMatch(/at step 1 another operation was recorded; here it is pay at pay/);
    expect(message).toMatch(
      /'withdraw#2 at sleep before withdraw at checked' was expected, but the execution ended without it/,
    );
  });

  test('mended code: it passes, and the difference is told', async () => {
    const { token } = await found();
    const { report } = await mismatchOf(account({ fixed: true }), token);
    expect(report.verdict).toBe('pass');
  });

  test('code mended without a changed step: a pass and no complaint', async () => {
    const body = (limit: number) => async (sim: Sim) => {
      let n = 0;
      const add = async (): Promise<void> => {
        await sim.point('add');
        n++;
      };
      await Promise.all([sim.spawn('one', add), sim.spawn('two', add)]);
      if (n > limit) throw new Error('too many');
    };
    const { failure } = await explore(body(1), { seed: 1 });
    expect((await replay(body(2), failure!.token)).verdict).toBe('pass');
  });
});

test('the environment variable brings the execution back in the test that failed', async () => {
  const { token, trace } = await found();
  process.env['STRADDLE_REPLAY'] = token;
  try {
    const report = await explore(account(), { runs: 500, strategy: 'random' });
    expect(report.executions).toBe(1);
    expect(report.failure?.trace).toEqual(trace);
    process.env['STRADDLE_REPLAY'] = token.slice(0, -2);
    await expect(explore(account())).rejects.toThrow(/damaged/);
  } finally {
    delete process.env['STRADDLE_REPLAY'];
  }
});

test('a replay that the budget cuts short is no verdict', async () => {
  const { token } = await found();
  const controller = new AbortController();
  controller.abort();
  const aborted = replay(account(), token, { signal: controller.signal });
  await expect(aborted).rejects.toMatchObject({ kind: 'interrupted' });
});

test('one unrelated step anywhere: the token is still followed, and always says that the code has changed', async () => {
  /** Three tasks of named steps, a lost update among them, and a step more in one of the tasks. */
  const body = (added?: { task: number; at: number }) => async (sim: Sim) => {
    let n = 0;
    const work = async (me: number): Promise<void> => {
      for (let i = 0; i < 6; i++) {
        if (added?.task === me && added.at === i) await sim.point('unrelated');
        const seen = n;
        await sim.point(`step ${i}`);
        if (i === 3) n = seen + 1;
      }
    };
    await Promise.all([0, 1, 2].map((me) => sim.spawn(`task${me}`, () => work(me))));
    if (n !== 3) throw new Error('lost update');
  };
  let replays = 0;
  let failed = 0;
  for (let seed = 0; seed < 6; seed++) {
    const { failure } = await explore(body(), { seed, strategy: 'random' });
    for (let place = 0; place < 18; place++) {
      const edited = body({ task: place % 3, at: Math.floor(place / 3) });
      const { report } = await mismatchOf(edited, failure!.token);
      replays++;
      if (report.failure?.message === 'lost update') failed++;
    }
  }
  expect(failed / replays).toBeGreaterThan(0.9);
});

test('never a wrong replay taken for the right one', async () => {
  const { token } = await found();
  const edits: Edit[] = [{ extra: 1 }, { point: 'looked' }, { task: 'pay' }, { fixed: true }];
  for (const edit of edits) await mismatchOf(account(edit), token);
  // Nor a schedule with one deviation less.
  const recording = decodeToken(token);
  await mismatchOf(account(), encodeToken({ ...recording, deviations: [] }));
});

test('300 forged tokens: the recorded steps, or a mismatch, never a crash', async () => {
  const { token, message } = await found();
  const [, content, prints] = token.split('.');
  const payload = Buffer.from(content!, 'base64url').toString();
  const random = fc.sample(fc.nat(2 ** 30), { numRuns: 900, seed: 3 });
  const draw = (below: number): number => random.pop()! % below;
  const ends = { refused: 0, mismatch: 0, replayed: 0 };
  for (let i = 0; i < 300; i++) {
    const at = i % payload.length;
    const other = '0123456789,[]'[draw(13)]!;
    const forged = Buffer.from(payload.slice(0, at) + other + payload.slice(at + draw(3))).toString('base64url');
    const signed = `st1.${forged}.${prints!}.${fingerprint(`${forged}.${prints!}`)}`;
    const end = await replay(account(), signed).catch((error: unknown) => error);
    if (end instanceof TokenMismatchError) ends.mismatch++;
    else if (end instanceof StraddleError) ends.refused++;
    else {
      // Another chance or clock changes nothing here: the steps are the recorded ones, and so is the end.
      expect(end).toMatchObject({ verdict: 'fail', failure: { message } });
      ends.replayed++;
    }
  }
  expect(Math.min(...Object.values(ends))).toBeGreaterThan(0);
});

describe('where code is instrumented and where it is not', () => {
  /** A lost update; it takes the point, or one of the awaits around it. */
  const counter =
    (wait: (promise: Promise<void>) => Promise<void>, hasPoint: boolean) =>
    async (sim: Sim): Promise<void> => {
      let n = 0;
      const add = async (): Promise<void> => {
        await wait(Promise.resolve());
        const seen = n;
        if (hasPoint) await sim.point('read');
        else await wait(new Promise((resolve) => setTimeout(resolve, 1)));
        n = seen + 1;
        await wait(Promise.resolve());
      };
      await wait(Promise.all([sim.spawn('a', add), sim.spawn('b', add)]).then(() => undefined));
      if (n !== 2) throw new Error('lost update');
    };
  const site = { file: '/counter.ts', line: 1, column: 1, text: 'wait(promise)', fn: 'add' };
  const instrumented = (promise: Promise<void>): Promise<void> => hop(promise, site);
  const plain = (promise: Promise<void>): Promise<void> => promise;

  test('a failure of plain code is replayed in the same code, instrumented', async () => {
    const { failure } = await explore(counter(plain, true), { seed: 1 });
    expect(decodeToken(failure!.token).granularity).toBe('macrotask');
    const again = await replay(counter(instrumented, true), failure!.token);
    expect(again.failure?.message).toBe('lost update');
    expect(again.failure?.deviations).toBe(failure!.deviations);
  });

  test('awaits that make choices stay choices', async () => {
    const { failure } = await explore(counter(instrumented, true), { seed: 1, strategy: 'random' });
    const again = await replay(counter(instrumented, true), failure!.token);
    expect(again.failure?.message).toBe('lost update');
    expect(again.failure?.token).toBe(failure!.token);
  });
});
