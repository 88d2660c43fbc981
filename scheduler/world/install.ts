import type { Scheduler } from '../scheduler.ts';
import { Chance } from './chance.ts';
import { EPOCH, PERFORMANCE_START } from './clock.ts';
import { Patches } from './patch.ts';
import { VirtualTimers } from './timers.ts';

/** Time and chance as the code under test sees them, put in place only while the engine holds the loop. */
export class World {
  readonly chance = new Chance();
  readonly #timers: VirtualTimers;
  readonly #patches = new Patches();

  constructor(scheduler: Scheduler) {
    const { clock } = scheduler;
    const timers = (this.#timers = new VirtualTimers(scheduler));
    const patches = this.#patches;
    patches.replace(globalThis, 'setTimeout', timers.setTimeout);
    patches.replace(globalThis, 'clearTimeout', timers.clearTimeout);
    patches.replace(globalThis, 'setInterval', timers.setInterval);
    patches.replace(globalThis, 'clearInterval', timers.clearTimeout);
    patches.replace(globalThis, 'setImmediate', timers.setImmediate);
    patches.replace(globalThis, 'clearImmediate', timers.clearImmediate);
    patches.replace(
      globalThis,
      'Date',
      virtualDate(() => EPOCH + clock.now),
    );
    patches.replace(performance, 'now', () => PERFORMANCE_START + clock.now);
    patches.replace(Math, 'random', this.chance.next);
  }

  /** Before an execution. */
  reset(seed: number): void {
    this.chance.reset(seed);
    this.#timers.clear();
  }

  install(): void {
    this.#patches.install();
  }

  uninstall(): void {
    this.#patches.uninstall();
  }
}

/** A `Date` that takes "now" from virtual time; everything else is the real one's. */
function virtualDate(now: () => number): DateConstructor {
  const Real = Date;
  return new Proxy(Real, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [Math.trunc(now())] : args, newTarget) as object,
    apply: () => new Real(Math.trunc(now())).toString(),
    get: (target, name, receiver) =>
      name === 'now' ? () => Math.trunc(now()) : (Reflect.get(target, name, receiver) as unknown),
  });
}
