// @vitest-environment happy-dom
import { expect, test } from 'vitest';
import { inside } from './controlled.ts';
import { testFrames } from './frames.ts';

testFrames('happy-dom');

test('requestIdleCallback runs when nothing else is enabled, or at its timeout', async () => {
  await inside(async (sim) => {
    const deadline = await new Promise<IdleDeadline>((resolve) => requestIdleCallback(resolve));
    expect([deadline.didTimeout, deadline.timeRemaining()]).toEqual([false, 50]);
    const seen: string[] = [];
    const cancelled = requestIdleCallback(() => seen.push('cancelled'));
    cancelIdleCallback(cancelled);
    requestIdleCallback(() => seen.push('idle'), { timeout: 500 });
    for (let i = 0; i < 20; i++) await sim.point('work');
    expect(seen).toEqual([]);
    await sim.sleep(1);
    expect(seen).toEqual(['idle']);
    expect(sim.now()).toBeLessThan(500);
  });
});
