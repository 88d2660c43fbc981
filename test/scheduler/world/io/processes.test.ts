import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { explore } from '../../../../src/index.ts';
import { conversation, forked, processes, workers } from './bodies.ts';
import { explored } from './explored.ts';

const SEED = 5;

describe('processes and threads: the same seed, the same executions', () => {
  test.each([
    ['processes', processes, 3, []],
    ['conversation', conversation, 1, ['slow-outside']],
    ['forked', forked, 1, ['slow-outside']],
    ['workers', workers, 2, []],
  ] as const)('again with the same seed: %s', async (_, body, results, checks) => {
    const runs = process.env['STRADDLE_DEEP'] === '1' ? 50 : 4;
    const first = await explored(body, { runs, seed: SEED, leaks: 'off' });
    expect(first.report).toMatchObject({ verdict: 'pass', executions: runs });
    // One that goes on living after it has answered is not controlled, and that is said.
    expect(checks).toEqual(expect.arrayContaining(first.report.warnings.map(({ name }) => name)));
    expect(new Set(first.results).size).toBeGreaterThanOrEqual(results);
    const again = await explored(body, { runs, seed: SEED, leaks: 'off' });
    expect(again.traces).toEqual(first.traces);
    expect(again.results).toEqual(first.results);
  });
});

test('what an execution leaves running ends with it', async () => {
  const left: ChildProcess[] = [];
  const exits: Promise<unknown>[] = [];
  const { verdict } = await explore(
    async () => {
      const child = spawn('cat');
      left.push(child);
      const worker = new Worker('setInterval(() => undefined, 1e6)', { eval: true });
      exits.push(once(worker, 'online'));
      await exits.at(-1);
    },
    { strategy: 'random', runs: 2, seed: SEED, vacuity: 'off', leaks: 'off' },
  );
  expect(verdict).toBe('pass');
  expect(left.length).toBeGreaterThanOrEqual(2);
  await sleep(50);
  for (const { pid } of left) expect(() => process.kill(pid!, 0)).toThrow('ESRCH');
});
