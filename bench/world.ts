import FakeTimers from '@sinonjs/fake-timers';
import { control } from '../scheduler/control.ts';
import { installDispatchers } from '../scheduler/world/controls.ts';
import { explore } from '../src/index.ts';
import type { Row } from './main.ts';
import { cpuNs, fastest } from './measure.ts';

/** Beyond everything that is fired: these timers only stand in the way. */
const FAR_MS = 1_000_000_000;

/**
 * The virtual world: a timer armed and fired beside others that are pending, entering and leaving control, and what
 * a dispatcher costs while no execution runs. The aims: at most 1 µs for a timer and 5 times Sinon's speed, at most
 * 60 µs for control, at most 10 ns more than the original for a dispatcher.
 */
export async function world(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const pending of [1, 100, 10_000]) {
    rows.push(
      await fastest(
        `timer armed and fired, ${pending.toLocaleString('en')} pending`,
        () => straddleTimer(pending, 50_000),
        'Sinon tickAsync',
        () => sinonTimer(pending, pending > 1_000 ? 1_000 : 10_000),
      ),
    );
  }
  const entering = (how: string): Promise<Row> =>
    fastest(
      `entering and leaving control, ${how}`,
      () => enterAndLeave(500),
      'Sinon install',
      () => install(50),
    );
  rows.push(await entering('globals patched'));
  const originals = { random: Math.random, 'Date.now': Date.now, 'performance.now': performance.now, clearTimeout };
  installDispatchers();
  rows.push(await entering('dispatchers in place'));
  const calls: [string, () => unknown, () => unknown][] = [
    ['Math.random', Math.random, originals.random],
    ['Date.now', Date.now, originals['Date.now']],
    ['performance.now', performance.now.bind(performance), originals['performance.now'].bind(performance)],
    ['clearTimeout', () => clearTimeout(undefined), () => originals.clearTimeout(undefined)],
  ];
  for (const [name, dispatch, original] of calls) {
    rows.push(await fastest(`idle dispatcher of ${name}`, caller(dispatch), 'the original', caller(original)));
  }
  return rows;
}

/** Each timer arms the next when it fires. */
function chain(count: number, arm: (run: () => void) => void, done: () => void): void {
  let left = count;
  const fire = (): void => {
    if (--left === 0) done();
    else arm(fire);
  };
  arm(fire);
}

/** Executions of 1,000 timers each. */
async function straddleTimer(pending: number, count: number): Promise<number> {
  const perExecution = 1_000;
  let ns = 0;
  let fired = 0;
  const report = await explore(
    () =>
      new Promise<void>((resolve) => {
        for (let i = 0; i < pending; i++) setTimeout(() => undefined, FAR_MS + i);
        const started = cpuNs();
        const done = (): void => {
          ns += cpuNs() - started;
          fired += perExecution;
          resolve();
        };
        chain(perExecution, (fire) => void setTimeout(fire, 1), done);
      }),
    { strategy: 'random', time: 'idle', seed: 2, runs: count / perExecution, vacuity: 'off', leaks: 'off' },
  );
  if (report.failure !== undefined) throw new Error(report.failure.message);
  return ns / fired;
}

/** As for us, promises are settled between two timers. */
async function sinonTimer(pending: number, count: number): Promise<number> {
  const clock = FakeTimers.createClock(0, 10 * count);
  for (let i = 0; i < pending; i++) clock.setTimeout(() => undefined, FAR_MS + i);
  const started = cpuNs();
  chain(
    count,
    (fire) => void clock.setTimeout(fire, 1),
    () => undefined,
  );
  await clock.tickAsync(count);
  return (cpuNs() - started) / count;
}

async function enterAndLeave(count: number): Promise<number> {
  const started = cpuNs();
  for (let i = 0; i < count; i++) {
    await control({ onBranch: () => undefined }, function* () {
      return undefined;
    });
  }
  return (cpuNs() - started) / count;
}

async function install(count: number): Promise<number> {
  const started = cpuNs();
  for (let i = 0; i < count; i++) FakeTimers.install().uninstall();
  return Promise.resolve((cpuNs() - started) / count);
}

function caller(call: () => unknown): () => Promise<number> {
  // A loop of its own for each function, so that none is called through another's inline cache.
  const loop = new Function('call', 'count', 'for (let i = 0; i < count; i++) call();') as (
    call: () => unknown,
    count: number,
  ) => void;
  return () => {
    const count = 1_000_000;
    loop(call, 100_000);
    const started = cpuNs();
    loop(call, count);
    return Promise.resolve((cpuNs() - started) / count);
  };
}
