import { expect, test, vi } from 'vitest';
import { watchAnnotations } from '../../src/vitest/annotations.ts';
import type { Runner, Task } from '../../src/vitest/internals.ts';
import { setLoudness } from '../../src/vitest/quiet.ts';

const annotation = { message: 'a note', type: 'notice' };

test('annotations are told once, and in every execution nobody waits for it but the test', async () => {
  const tell = vi.fn(async () => ({ ...annotation, location: 'told' }));
  const runner = { onTestAnnotate: tell } as unknown as Runner;
  const task = {} as Task;
  watchAnnotations(runner);
  watchAnnotations(runner);
  for (const loudness of ['aloud', 'mute', 'held'] as const) {
    setLoudness(loudness);
    expect(await runner.onTestAnnotate!(task, annotation)).toBe(annotation);
  }
  setLoudness('aloud');
  expect(tell.mock.calls).toEqual([[task, annotation]]);
  expect(await Promise.all(task.promises!)).toEqual([{ ...annotation, location: 'told' }]);
});

test('a Vitest without annotations is left alone', () => {
  const runner = {} as Runner;
  watchAnnotations(runner);
  expect(runner).toEqual({});
});
