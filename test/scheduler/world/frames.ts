import { beforeAll, expect, test } from 'vitest';
import { inside, later } from './controlled.ts';

interface IdleDeadline {
  readonly didTimeout: boolean;
  timeRemaining(): number;
}
interface Button {
  addEventListener(type: string, listener: () => void): void;
  click(): void;
}

/** What a page has beside Node's globals. */
interface Page {
  requestAnimationFrame(callback: (time: number) => void): number;
  cancelAnimationFrame(id: number): void;
  requestIdleCallback(callback: (deadline: IdleDeadline) => void, options?: { timeout: number }): number;
  cancelIdleCallback(id: number): void;
  readonly window: Page & { setTimeout: typeof setTimeout; performance: typeof performance };
  readonly document: { createElement(name: string): Button };
}
const page = globalThis as unknown as Page;

/** What must hold of frames and idle callbacks in every environment that has a `window`. */
export function testFrames(environment: string): void {
  beforeAll(() => {
    // Neither environment has it: projects put in a polyfill such as this one.
    page.requestIdleCallback ??= (callback) =>
      setTimeout(() => callback({ didTimeout: false, timeRemaining: () => 1 }), 1) as unknown as number;
    page.cancelIdleCallback ??= (id) => clearTimeout(id);
  });

  test(`requestAnimationFrame in ${environment}: callbacks of one frame share one time, frames are 16 ms apart`, async () => {
    await inside(async (sim) => {
      const seen: [string, number, number][] = [];
      const frame = (name: string): Promise<void> =>
        new Promise((resolve) => {
          page.requestAnimationFrame((time) => {
            seen.push([name, time, sim.now()]);
            resolve();
          });
        });
      await Promise.all([frame('a'), frame('b')]);
      await frame('c');
      await later(3);
      page.window.requestAnimationFrame(() => undefined);
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
      const first = page.requestAnimationFrame(() => {
        seen.push('first');
        page.cancelAnimationFrame(third);
      });
      const second = page.requestAnimationFrame(() => seen.push('second'));
      const third = page.requestAnimationFrame(() => seen.push('third'));
      page.cancelAnimationFrame(second);
      page.cancelAnimationFrame(12345);
      await later(100);
      expect([seen, typeof first]).toEqual([['first'], 'number']);
    });
  });

  test(`an animation loop and work beside it run in both orders in ${environment}`, async () => {
    const seen = new Set<string>();
    await inside(
      async (sim) => {
        let frames = 0;
        const loop = (): void => void (++frames < 5 && page.requestAnimationFrame(loop));
        page.requestAnimationFrame(loop);
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
      await new Promise((resolve) => void page.window.setTimeout(resolve, 500));
      expect(sim.now()).toBe(1_500);
      expect(performance.now()).toBe(page.window.performance.now());
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
      const button = page.document.createElement('button');
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
    const before = page.requestAnimationFrame;
    await inside(() => expect(page.requestAnimationFrame).not.toBe(before));
    expect(page.requestAnimationFrame).toBe(before);
    const time = await new Promise((resolve) => void page.requestAnimationFrame(resolve));
    expect(time).toBeTypeOf('number');
  });

  test(`requestIdleCallback in ${environment}: runs when nothing else is enabled`, async () => {
    await inside(async (sim) => {
      const deadline = await new Promise<IdleDeadline>((resolve) => page.requestIdleCallback(resolve));
      expect([deadline.didTimeout, deadline.timeRemaining()]).toEqual([false, 50]);
      const seen: string[] = [];
      const cancelled = page.requestIdleCallback(() => seen.push('cancelled'));
      page.cancelIdleCallback(cancelled);
      page.requestIdleCallback(() => seen.push('idle'), { timeout: 500 });
      for (let i = 0; i < 20; i++) await sim.point('work');
      expect(seen).toEqual([]);
      await sim.sleep(1);
      expect(seen).toEqual(['idle']);
      expect(sim.now()).toBeLessThan(500);
    });
  });
}
