import { execFileSync, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { watch, watchFile } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { explore, type ExploreOptions, type Report, type Sim } from '../../../../src/index.ts';
import { inFolder } from './bodies.ts';
import { explored } from './explored.ts';
import { datagrams, sharedMemory, signals, watchedFile, watchedFolder } from './notices.ts';

const RUNS = process.env['STRADDLE_DEEP'] === '1' ? 1_000 : 12;
const stuck = (): Promise<never> => new Promise<never>(() => undefined);

function run(body: (sim: Sim) => unknown, options: ExploreOptions = {}): Promise<Report> {
  return explore(body, { strategy: 'natural', vacuity: 'off', leaks: 'off', ...options });
}

test.each([
  ['datagrams', datagrams, 2],
  ['watchedFolder', watchedFolder, 2],
  ['watchedFile', watchedFile, 1],
  ['signals', signals, 2],
  ['sharedMemory', sharedMemory, 1],
] as const)('again with the same seed: %s', async (_, body, results) => {
  const first = await explored(body, { runs: RUNS, seed: 11, time: 'mixed', leaks: 'off' });
  expect(first.report.failure?.message).toBeUndefined();
  expect(first.report).toMatchObject({ verdict: 'pass', executions: RUNS, warnings: [] });
  expect(new Set(first.results).size).toBeGreaterThanOrEqual(results);
  const again = await explored(body, { runs: RUNS, seed: 11, time: 'mixed', leaks: 'off' });
  expect(again.traces).toEqual(first.traces);
  expect(again.results).toEqual(first.results);
});

describe('a watched file', () => {
  test('is looked at in virtual time; before it is there, that is told once', async () => {
    const { results } = await explored(watchedFile, { runs: 1, seed: 2 });
    expect(JSON.parse(results[0]!)).toEqual([
      [0, 0, 1_000],
      [0, 4, 1_040],
      [4, 10, 1_060],
    ]);
  });

  test('that nobody changes leads nowhere: a deadlock, at once', async () => {
    const { failure, elapsedMs } = await run((sim) =>
      inFolder(async (folder) => {
        watchFile(join(folder, 'a'), () => undefined);
        watch(folder).on('change', () => undefined);
        await sim.spawn('waiter', stuck);
      }),
    );
    expect(failure).toMatchObject({ kind: 'deadlock' });
    expect(failure!.message).toMatch(/waiter.*changes nothing: fs\.watchFile/);
    expect(elapsedMs).toBeLessThan(5_000);
  });
});

describe('a signal', () => {
  test('from another process is named', async () => {
    const { verdict, warnings } = await run(async () => {
      const arrived = once(process, 'SIGUSR2');
      execFileSync('sh', ['-c', `kill -USR2 ${process.pid}`]);
      await arrived;
    });
    expect(verdict).toBe('pass');
    expect(warnings.map(({ name }) => name)).toEqual(['spoke-unasked']);
  });

  test('is listened to no longer than its execution', async () => {
    await run(() => void process.on('SIGUSR2', () => undefined));
    expect(process.listenerCount('SIGUSR2')).toBe(0);
  });
});

test("the process's standard input is named", async () => {
  const script = `
    import { once } from 'node:events';
    import { explore } from 'straddle';
    const { failure, warnings } = await explore(
      async () => void (await once(process.stdin, 'data')),
      { strategy: 'natural', runs: 1, vacuity: 'off', leaks: 'off' },
    );
    console.log(JSON.stringify([failure?.message ?? null, warnings.map(({ name }) => name)]));
    process.exit();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.write('text');
  expect(JSON.parse(await text(child.stdout))).toEqual([null, ['uncontrolled']]);
});

test('a datagram from outside is named, and one to nobody is waited for no longer than need be', async () => {
  const outside = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(outside, 'listening');
  outside.on('message', (_, { port }) => {
    outside.send('answer', port);
    outside.send('and more', port);
  });
  const report = await run(async () => {
    const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    let count = 0;
    const both = new Promise<void>((resolve) => socket.on('message', () => ++count === 2 && resolve()));
    socket.send('question', outside.address().port, '127.0.0.1');
    await both;
    socket.close();
  });
  outside.close();
  expect(report.failure?.message).toBeUndefined();
  expect(report.warnings.map(({ name }) => name)).toEqual(['spoke-unasked']);
});
