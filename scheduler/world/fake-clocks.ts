import type { Patches } from './patch.ts';

/** What Sinon leaves on every function that it replaces; Vitest's and Jest's modern fake timers are Sinon's. */
interface Faked {
  readonly clock?: { uninstall?(): unknown };
}

/** Mock timers of `node:test`. */
export interface MockTimers {
  reset(): void;
}

/**
 * Fake timers that code under test installs inside an execution: they own the timers that are armed meanwhile.
 * What its author has forgotten to undo is undone at the execution's end.
 */
export class FakeClocks {
  readonly #patches: Patches;
  readonly #mocks = new Set<MockTimers>();

  constructor(patches: Patches) {
    this.#patches = patches;
  }

  /** These may be enabled by code under test. */
  note(timers: MockTimers): void {
    this.#mocks.add(timers);
  }

  undo(): void {
    if (this.#mocks.size > 0) {
      for (const timers of this.#mocks) timers.reset();
      this.#mocks.clear();
    }
    if (!this.#patches.isForeign) return;
    const clocks = new Set([...this.#patches.foreign()].map((value) => (value as Faked | undefined)?.clock));
    for (const clock of clocks) clock?.uninstall?.();
    this.#patches.renew();
  }
}
