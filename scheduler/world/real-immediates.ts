import { isTurning } from '../drain.ts';
import { isOwn } from '../sites.ts';
import type { IoOp } from '../op.ts';
import { hookAssignment, type NativeFunction } from './native.ts';
import { originals } from './originals.ts';
import type { OutsideWork } from './outside.ts';
import { Request } from './request.ts';

interface NodeImmediate {
  readonly _destroyed: boolean;
}

/** What Node does for itself, and nobody sees. */
const HOUSEKEEPING = new Set(['closeParserInstance', 'destroySSL']);

/**
 * Immediates that do not pass through a dispatcher: those of Node's own modules, and of code that took `setImmediate`
 * before straddle was loaded. The loop runs them in its next turn; that is waited for, and what they call is an
 * operation.
 */
export function hookImmediates(work: () => OutsideWork): void {
  const sample = originals.setImmediate(() => undefined) as object;
  originals.clearImmediate(sample as never);
  hookAssignment(Object.getPrototypeOf(sample) as object, '_onImmediate', (immediate, callback) => {
    if (typeof callback !== 'function' || HOUSEKEEPING.has(callback.name) || isEngines()) return callback;
    return crossing(work(), immediate as NodeImmediate, callback as NativeFunction);
  });
}

function crossing(work: OutsideWork, immediate: NodeImmediate, callback: NativeFunction): NativeFunction {
  const request = new ImmediateRequest(
    work,
    work.host.ask('immediate', () => undefined),
    work.nextOrder(),
    immediate,
  );
  work.add(request);
  return function (this: unknown, ...args) {
    if (request.stale) callback.apply(this, args);
    else request.answer(() => void callback.apply(this, args));
  };
}

class ImmediateRequest extends Request {
  readonly #immediate: NodeImmediate;

  constructor(work: OutsideWork, op: IoOp, order: number, immediate: NodeImmediate) {
    super(work, op, order);
    this.#immediate = immediate;
  }

  /** One that has been cleared never comes. */
  override expects(at: number): boolean {
    return !this.#immediate._destroyed && super.expects(at);
  }

  override patienceMs(): number {
    return 0;
  }
}

/** The engine's own. */
function isEngines(): boolean {
  if (isTurning) return true;
  const frames = new Error().stack?.split('\n') ?? [];
  const caller = frames[frames.findIndex((frame) => frame.includes('new Immediate ')) + 2];
  return caller !== undefined && isOwn(caller);
}
