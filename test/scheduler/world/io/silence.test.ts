import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { explore } from '../../../../src/index.ts';

// The engine waits for seconds before it believes in a silence: its clock goes ten times as fast here.
vi.hoisted(() => {
  const now = performance.now.bind(performance);
  const from = now();
  performance.now = () => from + 10 * (now() - from);
});

test('a process that never ends is a diagnosis that names it', async () => {
  const { failure } = await explore(async () => void (await once(spawn('cat'), 'exit')), { strategy: 'natural' });
  expect(failure).toMatchObject({ kind: 'deadlock', waiting: [{ task: 'main' }] });
  expect(failure!.message).toContain('child process cat');
});
