import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Store } from '../../src/store/store.ts';
import { project, vitest, type Ran } from './project.ts';

const SUITE = `
import { afterEach, beforeEach, describe, vi } from 'vitest';
import { expect, test } from 'straddle/vitest';

const lostUpdate = async (sim, check) => {
  let counter = 0;
  const increment = async () => { const seen = counter; await sim.point('between'); counter = seen + 1; };
  await Promise.all([sim.spawn('a', increment), sim.spawn('b', increment)]);
  check(counter);
};
const honest = (sim) => lostUpdate(sim, (n) => expect(n).toBeGreaterThan(0));

test('an ordinary test', async () => { await 1; expect(1).toBe(1); });
test.interleavings('passes', { runs: 20 }, async ({ sim }) => { console.log('printed: passes'); await honest(sim); });
test.interleavings('loses', { seed: 1 }, async ({ sim, expect }) => lostUpdate(sim, (n) => { console.log('printed: loses with', n); expect(n).toBe(2); }));
test.interleavings.fails('is to fail', async ({ sim }) => lostUpdate(sim, (n) => expect(n).toBe(2)));
test.interleavings.fails('is to fail and does not', { runs: 20 }, async ({ sim }) => honest(sim));
test.interleavings.skip('skipped', async () => { throw new Error('ran'); });
test.interleavings('vacuous: no assertion', { runs: 20 }, async ({ sim }) => lostUpdate(sim, () => {}));
test.interleavings('vacuous: no choice', { runs: 20 }, async () => { await 1; expect(1).toBe(1); });
test.interleavings('skips itself', async ({ skip }) => skip());
test.interleavings.each([[1, 2], [3, 4]])('each %i %i', { runs: 20 }, async (a, b, { sim, expect }) => {
  await honest(sim); expect(b).toBe(a + 1);
});
test.interleavings.for([{ n: 1 }, { n: 2 }])('for $n', { runs: 20 }, async ({ n }, { sim }) => { await honest(sim); expect(n).toBeLessThan(3); });
test.interleavings('throws a frozen error', { seed: 1 }, async ({ sim, expect }) => lostUpdate(sim, (n) => { expect(n).toBeGreaterThan(0); if (n !== 2) throw Object.freeze(new Error('frozen')); }));
test.interleavings('soft', { seed: 1 }, async ({ sim, expect }) => lostUpdate(sim, (n) => expect.soft(n).toBe(2)));
test.interleavings('poll', { runs: 20 }, async ({ sim, expect }) => { await honest(sim); await expect.poll(() => 3).toBe(3); });
for (const time of ['idle', 'mixed', 'elastic']) {
  const options = { runs: 150, time, strategy: 'random', seed: 1 };
  const work = async (sim) => { for (let i = 0; i < 9; i++) { await sim.sleep(10); await sim.point('slept'); } };
  const both = (sim) => Promise.all([sim.spawn('a', () => work(sim)), sim.spawn('b', () => work(sim))]);
  test.interleavings('waitFor in ' + time + ' time', options, async ({ sim, expect }) => {
    let isDone = false;
    void both(sim).then(() => { isDone = true; });
    await vi.waitFor(() => { if (!isDone) throw new Error('too early'); }, { timeout: 105, interval: 10 });
    expect(isDone).toBe(true);
  });
  test.interleavings('poll in ' + time + ' time', options, async ({ sim, expect }) => {
    let isDone = false;
    void both(sim).then(() => { isDone = true; });
    await expect.poll(() => isDone, { timeout: 105, interval: 10 }).toBe(true);
  });
}
test.interleavings('counts', { runs: 20 }, async ({ sim, expect }) => { expect.assertions(1); await honest(sim, (n) => n); expect(1).toBe(1); });
test.interleavings('counts wrongly', { runs: 20 }, async ({ sim, expect }) => { expect.assertions(2); await sim.point('x'); expect(1).toBe(1); });
test.interleavings('snapshots', { runs: 20 }, async ({ sim, expect }) => {
  await honest(sim);
  expect({ a: 1 }).toMatchInlineSnapshot(\`
    {
      "a": 1,
    }
  \`);
});
const finished = [];
test.interleavings('finishes', { runs: 20 }, async ({ sim, onTestFinished }) => {
  onTestFinished(() => { finished.push(sim.execution); });
  await honest(sim);
});
test('has finished every execution', () => expect(finished.length).toBeGreaterThanOrEqual(20));

const fn = vi.fn(() => 1);
const target = { method: () => 'real' };
test.interleavings('mocks', { runs: 20 }, async ({ sim, expect }) => {
  expect(fn).toHaveBeenCalledTimes(0);
  expect(target.method()).toBe('real');
  vi.spyOn(target, 'method').mockReturnValue('spied');
  fn.mockReturnValueOnce(5);
  expect([process.env.STUBBED, globalThis.stubbed]).toEqual([undefined, undefined]);
  vi.stubEnv('STUBBED', 'yes');
  vi.stubGlobal('stubbed', 1);
  await honest(sim);
  expect(target.method()).toBe('spied');
  expect(fn()).toBe(5);
});
test.interleavings('fake timers', { runs: 20 }, async ({ sim, expect }) => {
  expect(vi.isFakeTimers()).toBe(false);
  await honest(sim);
  vi.useFakeTimers();
  let fired = false;
  setTimeout(() => { fired = true; }, 1000);
  vi.advanceTimersByTime(1000);
  expect(fired).toBe(true);
});

describe('with hooks', () => {
  const log = [];
  let shared;
  beforeEach(async () => { await 1; shared = { counter: 0 }; log.push('before'); });
  afterEach(async () => { await 1; log.push('after'); if (shared.counter === 1 && shared.checked) throw new Error('one is lost'); });
  test.interleavings('around each', { runs: 20 }, async ({ sim }) => { log.push('body'); await honest(sim); });
  test('were run around each', () => {
    const all = log.splice(0).join();
    expect(all.startsWith('before,body,after,before,body,after')).toBe(true);
    expect(all.split('body').length).toBeGreaterThan(20);
  });
  test.interleavings('loses below hooks', { seed: 1 }, async ({ sim, expect }) => lostUpdate(sim, (n) => { console.log('printed: loses below hooks with', n); expect(n).toBe(2); }));
  test.interleavings('the hook fails', { seed: 1 }, async ({ sim, expect }) => lostUpdate(sim, (n) => { shared = { counter: n, checked: true }; expect(n).toBeGreaterThan(0); }));
  test.interleavings.fails('is to fail below hooks', async ({ sim }) => lostUpdate(sim, (n) => expect(n).toBe(2)));
  test.interleavings('skips itself below hooks', async ({ skip }) => skip());
  test.interleavings('is retried below hooks', { retry: 2, seed: 1 }, async ({ sim, expect, task }) => lostUpdate(sim, (n) => expect(n).toBeGreaterThan(task.result.retryCount === 1 ? 0 : 1)));
  test.interleavings('is retried in vain', { retry: 1, seed: 1 }, async ({ sim, expect }) => lostUpdate(sim, (n) => expect(n).toBe(2)));
  test.interleavings('soft below hooks', { seed: 1 }, async ({ sim, expect }) => lostUpdate(sim, (n) => expect.soft(n).toBe(2)));
});

let made = 0, closed = 0;
const extended = test.extend({ file: async ({}, use) => { made++; await use({ name: 'file' + made }); closed++; } });
extended.interleavings('fixtures', { runs: 20 }, async ({ sim, file }) => { await honest(sim); expect(file.name).toBe('file' + made); });
extended.interleavings.each([[1], [2]])('fixtures of each %i', { runs: 20 }, async (n, { sim, file }) => { await honest(sim); expect(file.name).toContain('file'); });
test('fixtures were made for each execution', () => { expect(made).toBeGreaterThanOrEqual(60); expect(closed).toBe(made); });
test.interleavings('out of time', { timeout: 500, runs: 1e9, strategy: 'random' }, async ({ sim, expect }) => { await honest(sim); });
let n = 0;
test.interleavings('is retried', { retry: 2, seed: 1 }, async ({ sim, expect }) => lostUpdate(sim, (c) => { if (sim.execution === 1) n++; expect(c + Math.max(0, n - 2)).toBeGreaterThanOrEqual(2); }));
`;

const CONCURRENT = `
import { expect, test } from 'straddle/vitest';
let running = 0;
const alone = async ({ sim }) => {
  running++;
  expect(running).toBe(1);
  await Promise.all([sim.spawn('a', () => sim.point('x')), sim.spawn('b', () => sim.point('y'))]);
  running--;
};
test.concurrent('a', async () => { await new Promise((r) => setTimeout(r, 5)); });
test.interleavings('b', { runs: 50 }, alone);
test.interleavings('c', { runs: 50 }, alone);
test.concurrent('d', async () => { await new Promise((r) => setTimeout(r, 5)); });
`;

const folder = project({
  'vitest.config.js': `export default { test: { pool: process.env.POOL ?? 'forks' } };`,
  'a.test.js': SUITE,
  'concurrent.test.js': CONCURRENT,
  'wrong.test.js': `import { test } from 'straddle/vitest';\ntest.interleavings('x', { rnus: 3 }, async () => {});`,
});

/** The snippets of the page, as files of the project. */
const [snippet, config] = [...readFileSync('docs/vitest.md', 'utf8').matchAll(/```ts\n([^]*?)```/g)].map(
  ([, code]) => code!,
);
const documented = project({ 'docs.test.ts': snippet!, 'vitest.config.ts': config! });

let ran: Ran;
beforeAll(async () => void (ran = await vitest(folder)));

const told = (title: string) => ran.tests.get(title);
const statusOf = (title: string) => told(title)?.status;

const failed = (title: string) => told(title)!.failureMessages.join('\n');

describe('passing and failing', () => {
  test.each(['an ordinary test', 'passes', 'is to fail', 'each 1 2', 'each 3 4', 'for 1', 'for 2', 'a', 'b', 'c', 'd'])(
    '%s: passes',
    (title) => expect(statusOf(title)).toBe('passed'),
  );
  test.each(['skipped', 'skips itself', 'skips itself below hooks'])('%s: is skipped', (title) =>
    expect(statusOf(title)).toBe('skipped'),
  );
  test.each(['soft', 'counts wrongly', 'is to fail and does not'])('%s: fails', (title) =>
    expect(statusOf(title)).toBe('failed'),
  );

  test.each(['loses', 'loses below hooks'])('%s: the assertion first, then the story and the commands', (title) => {
    const name = title === 'loses' ? title : `with hooks ${title}`;
    const [assertion, story] = told(title)!.failureMessages;
    expect(assertion).toMatch(/^AssertionError: expected 1 to be 2/);
    expect(assertion).not.toContain('node_modules/straddle');
    expect(story).toMatch(/^StraddleError: error: expected 1 to be 2/);
    expect(story).toContain('It passes if a passes between before b starts');
    expect(story).toMatch(/Replay: npx straddle replay st1\.\S+\n/);
    expect(story).toMatch(/or: {5}STRADDLE_REPLAY=st1\.\S+ npx vitest run a\.test\.js -t /);
    expect(story).toMatch(/a\.test\.js:\d+:\d+/);
    expect(ran.output).toContain(`a.test.js > ${name.replace('hooks ', 'hooks > ')}\nAssertionError`);
    expect(ran.output).toContain('- Expected\n+ Received\n\n- 2\n+ 1');
  });

  test('what is printed is that of the first execution, and of the failing one that is told', () => {
    expect(ran.output.match(/printed: .*/g)).toEqual([
      'printed: passes',
      'printed: loses with 1',
      'printed: loses with 1',
      'printed: loses below hooks with 1',
      'printed: loses below hooks with 1',
    ]);
  });

  test('vacuous verdicts fail', () => {
    expect(failed('vacuous: no assertion')).toContain('not one assertion was evaluated');
    expect(failed('vacuous: no choice')).toContain('one interleaving only');
  });

  test('an error that cannot be changed is shown as it is', () => {
    const [error, story] = told('throws a frozen error')!.failureMessages;
    expect(error).toMatch(/^Error: frozen\n/);
    expect(story).toContain('StraddleError: error: frozen');
  });

  test('soft assertions are shown once', () => {
    for (const title of ['soft', 'soft below hooks']) {
      const messages = told(title)!.failureMessages;
      expect(messages).toHaveLength(2);
      expect(messages[0]).toMatch(/^AssertionError: expected 1 to be 2/);
      expect(messages[1]).toContain('StraddleError: error: expected 1 to be 2');
    }
  });

  test('a wrong option is told while tests are collected', () => {
    expect(ran.output).toContain("There is no option 'rnus' (did you mean 'runs'?)");
  });
});

describe('around every execution', () => {
  test.each(['around each', 'were run around each', 'fixtures', 'fixtures of each 1', 'fixtures of each 2'])(
    '%s',
    (title) => expect(statusOf(title)).toBe('passed'),
  );
  test.each(['fixtures were made for each execution', 'has finished every execution'])('%s', (title) =>
    expect(statusOf(title)).toBe('passed'),
  );
  test.each(['mocks', 'fake timers', 'poll', 'counts', 'snapshots'])('%s begin anew', (title) =>
    expect(failed(title)).toBe(''),
  );
  test.each(['idle', 'mixed', 'elastic'])('nobody gives up because %s time ran ahead of work', (time) => {
    expect(failed(`waitFor in ${time} time`)).toBe('');
    expect(failed(`poll in ${time} time`)).toBe('');
  });
  test('a hook that fails makes its execution fail', () => {
    expect(failed('the hook fails')).toContain('Error: one is lost');
    expect(failed('the hook fails')).toContain('It passes if a passes between before b starts');
  });
  test('is to fail below hooks', () => expect(statusOf('is to fail below hooks')).toBe('passed'));
});

test('the page shows what runs', async () => {
  const { tests, code } = await vitest(documented);
  expect([...tests.values()].map(({ title, status }) => [title, status])).toEqual([
    ['both updates are kept', 'passed'],
  ]);
  expect(code).toBe(0);
});

test('a time-out says how far it came', () => {
  expect(failed('out of time')).toMatch(/timed out in 500ms, after [1-9]\d* of 1000000000 executions/);
});

test('a retry explores anew, as often as was asked for', () => {
  expect(['is retried', 'is retried below hooks', 'is retried in vain'].map(statusOf)).toEqual([
    'passed',
    'passed',
    'failed',
  ]);
  expect(ran.output).toMatch(/is retried in vain.*\(retry x1\)/);
});

describe('failing schedules', () => {
  const stored = () => new Store(folder).entries();

  test('are stored, one file for each test', () => {
    const loses = stored().find(({ test: { name } }) => name === 'loses')!;
    expect(loses.test).toEqual({ file: 'a.test.js', name: 'loses', by: 'interleavings' });
    expect(loses.failures).toHaveLength(1);
    expect(failed('loses')).toContain(loses.failures[0]!.token);
    expect(stored().map(({ test: { name } }) => name)).not.toContain('is to fail');
  });

  test('are tried first next time, until they pass', async () => {
    const file = join(folder, 'a.test.js');
    const one = ['-t', '^loses$', 'a.test.js'];
    const again = await vitest(folder, one);
    expect(again.tests.get('loses')!.failureMessages.join()).toContain('found by an earlier failure in execution 1');
    const { token } = stored().find(({ test: { name } }) => name === 'loses')!.failures[0]!;
    const replayed = await vitest(folder, one, { STRADDLE_REPLAY: token });
    expect(replayed.tests.get('loses')!.failureMessages.join()).toContain('found by replay');
    writeFileSync(file, SUITE.replace('toBe(2)', 'toBeGreaterThan(0)'));
    const mended = await vitest(folder, one);
    expect(mended.tests.get('loses')!.status).toBe('passed');
    expect(stored().map(({ test: { name } }) => name)).not.toContain('loses');
  });
});
