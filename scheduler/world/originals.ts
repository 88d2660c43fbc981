import promised from 'node:timers/promises';
import { BroadcastChannel, MessagePort, receiveMessageOnPort } from 'node:worker_threads';

/** The longest delay of the host's timers, in milliseconds: 24 days. One that is given a longer one fires at once. */
export const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * The functions of the host that the engine itself uses, from before anything took their place. Kept on
 * `globalThis`, since dispatchers may stand already when a second copy of this module is loaded.
 */
export interface Originals {
  readonly setTimeout: (callback: never, ms?: number) => unknown;
  readonly clearTimeout: (timer: never) => void;
  readonly setImmediate: (callback: () => void) => unknown;
  readonly clearImmediate: (immediate: never) => void;
  readonly promised: Pick<typeof promised, 'setTimeout' | 'setImmediate' | 'setInterval'>;
  readonly receiveMessageOnPort: typeof receiveMessageOnPort;
  readonly postMessage: PortMethods;
  readonly close: PortMethods;
  /** Real milliseconds, for budgets and time slices. */
  readonly now: () => number;
}

/** A method by kind of port. */
interface PortMethods {
  readonly port: Method;
  readonly broadcast: Method;
}

type Method = (this: unknown, ...args: never[]) => unknown;

const global = globalThis as unknown as Record<symbol, Originals | undefined>;

export const originals: Originals = (global[Symbol.for('straddle.originals.v1')] ??= {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setImmediate: globalThis.setImmediate,
  clearImmediate: globalThis.clearImmediate,
  promised: { ...promised },
  receiveMessageOnPort,
  postMessage: { port: MessagePort.prototype.postMessage, broadcast: BroadcastChannel.prototype.postMessage },
  close: { port: MessagePort.prototype.close, broadcast: BroadcastChannel.prototype.close },
  now: performance.now.bind(performance),
});
