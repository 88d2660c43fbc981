import { Channel } from './channel.ts';
import { cross, targets, type Call } from './crossing.ts';
import { hidden, hook, nativePrototype } from './native.ts';
import type { OutsideWork } from './outside.ts';

/** Milliseconds of waiting within which a datagram arrives in this process, if it does. */
const LOOPBACK_MS = 200;
/** So long somebody outside is given to answer before the engine goes on without. */
const ANSWER_MS = 1_000;
/** What he is given when nothing else can run. */
const PATIENCE_MS = 3_000;

interface Address {
  port?: number;
}

interface UdpHandle {
  getsockname(out: Address): number;
  getpeername(out: Address): number;
  close(): void;
}

/** A UDP socket. What is sent to it from this process is waited for, as nearly all of that arrives. */
class Datagrams extends Channel {
  declare readonly handle: UdpHandle;
  /** Datagrams that are under way from this process. */
  #expected = 0;
  /** Somebody outside has been sent something and has not answered. */
  #isAwaited = false;

  get port(): number | undefined {
    const out: Address = {};
    this.handle.getsockname(out);
    return out.port;
  }

  expect(): void {
    this.#expected++;
    this.touch();
  }

  /** Something goes to somebody else. */
  ask(): void {
    this.#isAwaited = true;
    this.touch();
  }

  expects(at: number): boolean {
    if (!this.isOpen) return false;
    const silence = at - this.lastActive;
    if (this.#expected > 0) {
      if (silence < LOOPBACK_MS) return true;
      // Lost: the system may.
      this.#expected = 0;
    }
    if (!this.#isAwaited) return false;
    if (silence < ANSWER_MS) return true;
    this.#isAwaited = false;
    this.work.host.health.note('slow-outside', slow);
    return false;
  }

  patienceMs(): number {
    return this.isOpen && this.#isAwaited ? PATIENCE_MS : 0;
  }

  cross(callback: string, call: Call, args: readonly unknown[]): void {
    if (callback === 'onmessage') {
      if (this.#expected > 0) this.#expected--;
      else if (!this.#isAwaited) this.work.host.health.note('spoke-unasked', unasked);
      this.#isAwaited = false;
    }
    this.arrived(`datagram ${callback.slice(2)}`, () => {
      if (this.isOpen) call(...args);
    });
  }

  protected close(): void {
    const owner = hidden(this.handle, 'owner_symbol') as { close?(): void } | undefined;
    if (owner?.close !== undefined) owner.close();
    else this.handle.close();
  }
}

/** Sees every native call by which datagrams are sent and received. */
export function hookDatagrams(work: () => OutsideWork): void {
  const prototype = nativePrototype('udp_wrap', 'UDP');
  hook(prototype, 'recvStart', (original) => {
    return function (this: unknown, ...args) {
      const handle = this as object;
      if (!targets.has(handle)) new Datagrams(work(), handle, 'udp socket');
      cross(handle, 'onmessage');
      return original.apply(this, args);
    };
  });
  for (const name of ['send', 'send6']) {
    hook(prototype, name, (original) => {
      return function (this: unknown, ...args) {
        const outside = work();
        const [request, , , port] = args as [object, unknown, unknown, unknown];
        const answer = original.apply(this, args) as number;
        if (answer < 0) return answer;
        const to = typeof port === 'number' ? port : peerPort(this as UdpHandle);
        const receiver = receiverAt(outside, to);
        if (receiver !== undefined) receiver.expect();
        else {
          const sender = targets.get(this as object);
          if (sender instanceof Datagrams) sender.ask();
        }
        // Otherwise it has been sent, and Node says so in a tick.
        if (answer === 0) {
          targets.set(request, outside.request('datagram send'));
          cross(request, 'oncomplete');
        }
        return answer;
      };
    });
  }
}

function peerPort(handle: UdpHandle): number | undefined {
  const out: Address = {};
  handle.getpeername(out);
  return out.port;
}

function receiverAt(work: OutsideWork, port: number | undefined): Datagrams | undefined {
  for (const source of work.sources) {
    if (source instanceof Datagrams && source.isOpen && source.port === port) return source;
  }
  return undefined;
}

function slow(): string {
  return (
    'A datagram that left this process had not been answered in time, so the execution went on without the answer: ' +
    'when it comes is not controlled, and a replay may differ. Run the other end in this process, or use a fake.'
  );
}

function unasked(): string {
  return (
    'A datagram came from outside of this process without being asked for: when one does is not controlled, and a ' +
    'replay may differ. Run the other end in this process, or use a fake.'
  );
}
