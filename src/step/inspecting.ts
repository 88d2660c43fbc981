import inspector from 'node:inspector';
import type { Answer, Guide, Scene } from '../../properties/guide.ts';

/** Opens the Node inspector before the execution begins, and stops before the first deviation. */
export class Inspecting implements Guide {
  #hasStopped = false;

  begin(): void {
    if (inspector.url() !== undefined) return;
    inspector.open();
    // Another process listens at the usual port.
    if (inspector.url() === undefined) inspector.open(0);
    inspector.waitForDebugger();
  }

  choose({ step, firstDeviation }: Scene): Answer {
    if (!this.#hasStopped && step >= (firstDeviation ?? 0)) {
      this.#hasStopped = true;
      // The code that runs next is that of the deviation: step out, or set a breakpoint there.
      debugger;
    }
    return 'next';
  }

  ended(): undefined {
    inspector.close();
  }
}
