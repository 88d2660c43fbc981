import { fork } from 'node:child_process';
import { once } from 'node:events';
import { median } from '../properties/statistics.ts';
import { remote, type Remote } from '../src/remote/index.ts';
import type { Row } from './main.ts';
import { hotLoop, type Loops } from './remote-child.ts';

const ROUND_TRIPS = 10_000;
const PASSES = 1_000_000;
const ROUNDS = 5;

/** The remote harness: what a barrier costs, and what it costs where none is armed (the aim: a ratio of 1). */
export async function remoteHarness(): Promise<Row[]> {
  await using child = await remote.fork<Loops>(new URL('./remote-child.js', import.meta.url), undefined);
  const trips = await barrierRoundTrips(child);
  const ipc = await plainRoundTrips();
  const pairs: [number, number][] = [];
  for (let round = 0; round < ROUNDS; round++) pairs.push([await child.calls.hotLoop(PASSES), await hotLoop(PASSES)]);
  return [
    {
      name: `barrier round trip (${Math.round(1e9 / trips).toLocaleString('en')}/s)`,
      straddleNs: trips,
      peer: '3 IPC round trips',
      peerNs: ipc,
      ratio: trips / ipc,
    },
    {
      name: 'point in a child, no barrier armed',
      straddleNs: median(pairs.map(([ours]) => ours)),
      peer: 'the same, no harness',
      peerNs: median(pairs.map(([, bare]) => bare)),
      ratio: median(pairs.map(([ours, bare]) => ours / bare)),
    },
  ];
}

/** Install, wait until somebody is held, release, ten thousand times. Nanoseconds for the three. */
async function barrierRoundTrips({ barriers, calls }: Remote<Loops>): Promise<number> {
  let token = await barriers.install('pass', 0);
  const passing = calls.pass(ROUND_TRIPS);
  const started = performance.now();
  for (let i = 1; i <= ROUND_TRIPS; i++) {
    // The next one stands before the worker is let go.
    const [next] = await Promise.all([barriers.install('pass', i), barriers.waitHeld(token)]);
    await barriers.release(token);
    token = next;
  }
  const elapsed = performance.now() - started;
  await passing;
  await barriers.release(token);
  return (elapsed * 1e6) / ROUND_TRIPS;
}

/** What Node's own channel between processes takes for three questions and answers. */
async function plainRoundTrips(): Promise<number> {
  const program = 'data:text/javascript,process.on("message", (message) => process.send(message))';
  const child = fork(new URL('./remote-child.js', import.meta.url), { execArgv: ['--import', program] });
  const ask = async (): Promise<void> => {
    const answer = once(child, 'message');
    child.send(['ask', 1]);
    await answer;
  };
  await ask();
  const started = performance.now();
  for (let i = 0; i < ROUND_TRIPS; i++) for (let call = 0; call < 3; call++) await ask();
  const elapsed = performance.now() - started;
  child.kill();
  return (elapsed * 1e6) / ROUND_TRIPS;
}
