import { expect, test } from 'vitest';
import { inside, later } from './controlled.ts';

/** What must hold of frames and idle callbacks in every environment that has a `window`. */
export function testFrames(environment: string): void {
  test(`requestAnimationFrame in ${environment}: callbacks of one frame share one time, frames are 16 ms apart`, async () => {
    await inside(async (sim) => {
      const seen: [string, number, number][] = [];
      const frame = (name: string): Promise<void> =>
        new Promise((resolve) => {
          requestAnimationFrame((time) => {
            seen.push([name, time, sim.now()]);
            resolve();
          });
        });
      await Promise.all([frame('a'), frame('b')]);
      await frame('c');
      await later(3);
      await window.requestAnimationFrame.call(window, () => undefined);
      await frame('d');
      expect(seen.map(([name]) => name)).toEqual(['a', 'b', 'c', 'd']);
      const [a, b, c, d] = seen.map(([, time]) => time);
      expect([b! - a!, c! - a!, d! - c!]).toEqual([0, 16, 16]);
      expect(a).toBe(performance.now() - (sim.now() - seen[0]![2]));
    });
  });

  test(`cancelAnimationFrame in ${environment}`, async () => {
    await inside(async () => {
      const seen: string[] = [];
      const first = requestAnimationFrame(() => {
        seen.push('first');
        cancelAnimationFrame(third);
      });
      const second = requestAnimationFrame(() => seen.push('second'));
      const third = requestAnimationFrame(() => seen.push('third'));
      cancelAnimationFrame(second);
      cancelAnimationFrame(12345);
      await later(100);
      expect([seen, typeof first]).toEqual([['first'], 'number']);
    });
  });

  test(`an animation loop and work beside it run in both orders in ${environment}`, async () => {
    const seen = new Set<string>();
    await inside(
      async (sim) => {
        let frames = 0;
        const loop = (): void => void (++frames < 5 && requestAnimationFrame(loop));
        requestAnimationFrame(loop);
        await sim.spawn('work', () => sim.point('work'));
        seen.add(frames > 0 ? 'frame first' : 'work first');
      },
      { strategy: 'random', runs: 100, seed: 1, time: 'elastic' },
    );
    expect([...seen].sort()).toEqual(['frame first', 'work first']);
  });

  test(`AbortSignal.timeout and timers in ${environment}`, async () => {
    await inside(async (sim) => {
      const signal = AbortSignal.timeout(1_000);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      expect((signal.reason as Error).name).toBe('TimeoutError');
      await new Promise((resolve) => void window.setTimeout(resolve, 500));
      expect(sim.now()).toBe(1_500);
      expect(performance.now()).toBe(window.performance.now());
      expect(Date.now() - performance.timeOrigin).toBe(performance.now());
    });
  });

  test(`chance in ${environment}`, async () => {
    const draw = (): Promise<string> =>
      inside(() => `${crypto.randomUUID()} ${crypto.getRandomValues(new Uint8Array(4)).join()}`, { seed: 7 });
    expect(await draw()).toBe(await draw());
  });

  test(`an event of the DOM is dispatched inside its step in ${environment}`, async () => {
    await inside(async (sim) => {
      const button = document.createElement('button');
      const seen: string[] = [];
      button.addEventListener('click', () => {
        seen.push('clicked');
        setTimeout(() => seen.push('later'), 10);
      });
      button.click();
      await sim.sleep(10);
      expect(seen).toEqual(['clicked', 'later']);
    });
  });

  test(`outside, frames are those of ${environment}`, async () => {
    const before = globalThis.requestAnimationFrame;
    await inside(() => expect(globalThis.requestAnimationFrame).not.toBe(before));
    expect(globalThis.requestAnimationFrame).toBe(before);
    const time = await new Promise((resolve) => requestAnimationFrame(resolve));
    expect(time).toBeTypeOf('number');
  });
}
