import { AsyncResource } from 'node:async_hooks';
import { BroadcastChannel, MessagePort } from 'node:worker_threads';
import type { TimerOp } from '../op.ts';
import type { Task } from '../task.ts';
import { originals } from './originals.ts';

/** What ports need of the scheduler. */
export interface PortHost {
  /** A delivery that waits to be chosen; `due` is the round of the loop in which Node would make it. */
  deliver(name: string, due: number, run: () => void): TimerOp;
  /** Takes a delivery back. */
  undeliver(op: TimerOp): void;
  within(scope: AsyncResource, task: Task, run: () => void): void;
  readonly offers: { readonly round: number; readonly phase: number };
}

export type Port = MessagePort | BroadcastChannel;

interface Delivery {
  readonly op: TimerOp;
  readonly value: unknown;
}

/** One end of a channel, or a broadcast channel. */
interface End {
  port: Port;
  peer: End | undefined;
  readonly scope: AsyncResource;
  /** Messages that the real loop took out of the native queue while the host had a turn. */
  readonly arrived: unknown[];
  readonly queue: Delivery[];
  /** Ends that are under way to this one, one list per message that carries ports. */
  readonly inTransit: (End | undefined)[][];
  started: boolean;
  closed: boolean;
  /** The round in which its handle was made: it has no turn in that one any more. */
  bornIn: number;
}

const POLL = 1;
const CLOSING = 3;

/** A message that carries ports travels with the list of them: the receiver's event must show it. */
class Envelope {
  readonly straddle = 'envelope';
  readonly value: unknown;
  readonly ports: readonly unknown[];
  constructor(value: unknown, ports: readonly unknown[]) {
    this.value = value;
    this.ports = ports;
  }
}

/** Where Node's own dispatch leaves the transferred ports for the event to show. */
const RECEIVED_PORTS = Symbol.for('nodejs.internal.kCurrentlyReceivingPorts');

/** Ports made outside of any execution, by code that dispatchers reach: module state. */
const standing = new Map<WeakRef<Port>, WeakRef<Port> | undefined>();

/** Remembers a channel that was made while no execution ran. */
export function rememberChannel(port: Port, peer: Port | undefined): void {
  const first = new WeakRef(port);
  const second = peer === undefined ? undefined : new WeakRef(peer);
  standing.set(first, second);
}

/**
 * Message ports and broadcast channels of one execution. The objects are the host's, and so are cloning and
 * transfer; only delivery is ours: every message is taken out of the native queue at once, synchronously, and
 * waits as an operation of the poll phase. As in Node, one turn of the loop serves the ports in the order in
 * which they were made, each until it is empty; a port that is before the one being served has its turn in
 * the next round.
 */
export class VirtualPorts {
  readonly #host: PortHost;
  /** In the order in which libuv would serve them. */
  readonly #ends: End[] = [];
  readonly #known = new Map<object, End>();
  readonly #closing: Delivery[] = [];
  /** The port that is being served in this round. */
  #served = -1;
  #servedIn = -1;

  constructor(host: PortHost) {
    this.#host = host;
  }

  /** Before an execution: the channels of the one before end with it. */
  reset(): void {
    if (this.#ends.length === 0) return;
    for (const { port, scope } of this.#ends) {
      releaseArrivals(port);
      if (scope === standingScope) continue;
      if ('removeAllListeners' in port) port.removeAllListeners();
      closeForReal(port);
    }
    this.#ends.length = 0;
    this.#known.clear();
    this.#closing.length = 0;
    this.#served = -1;
    this.#servedIn = -1;
  }

  /** Nothing to deliver, nothing that might have come in. */
  get idle(): boolean {
    return this.#ends.length === 0;
  }

  /** Takes a channel, or a broadcast channel, under control. */
  add(port: Port, peer?: Port): void {
    this.#addStanding();
    const first = this.#register(port, new AsyncResource('MESSAGEPORT'));
    if (peer === undefined) return;
    const second = this.#register(peer, new AsyncResource('MESSAGEPORT'));
    first.peer = second;
    second.peer = first;
  }

  #addStanding(): void {
    if (this.#ends.length > 0 || standing.size === 0) return;
    for (const [first, second] of standing) {
      const port = first.deref();
      const peer = second?.deref();
      if (port === undefined || nativeEnd(port) === undefined) standing.delete(first);
      else this.#addPair(port, peer);
    }
  }

  #addPair(port: Port, peer: Port | undefined): void {
    const first = this.#register(port, standingScope);
    if (peer === undefined) return;
    first.peer = this.#register(peer, standingScope);
    first.peer.peer = first;
  }

  #register(port: Port, scope: AsyncResource): End {
    const end: End = {
      port,
      peer: undefined,
      scope,
      arrived: [],
      queue: [],
      inTransit: [],
      started: port instanceof BroadcastChannel,
      closed: false,
      bornIn: this.#servedIn,
    };
    this.#place(end);
    return end;
  }

  /** A handle that is made while ports are served comes after those that have had their turn. */
  #place(end: End): void {
    this.#known.set(end.port, end);
    captureArrivals(end.port, end.arrived);
    const { round, phase } = this.#host.offers;
    const serving = phase === POLL && this.#servedIn === round;
    end.bornIn = serving ? round : -1;
    this.#ends.splice(serving ? this.#served + 1 : this.#ends.length, 0, end);
  }

  /** Sends as the host does, then takes in what has arrived. Returns what the host does. */
  post(port: Port, value: unknown, transfer: unknown): unknown {
    this.#addStanding();
    const end = this.#known.get(port);
    // A broadcast channel sends through a port of its own, and asks whether that could be done.
    if (end === undefined) return postForReal(port, value, transfer);
    if (end.closed && port instanceof MessagePort) return undefined;
    const ports = transferList(transfer).filter((one) => one instanceof MessagePort);
    const moving = ports.map((one) => this.#known.get(one));
    const posted = postForReal(port, ports.length === 0 ? value : new Envelope(value, ports), transfer);
    if (ports.length > 0 && end.peer !== undefined) {
      end.peer.inTransit.push(moving);
      for (const one of moving) if (one !== undefined) this.#detach(one);
    }
    this.collect();
    return posted;
  }

  #detach(end: End): void {
    this.#known.delete(end.port);
    this.#ends.splice(this.#ends.indexOf(end), 1);
  }

  /** Takes what has arrived at listening ports out of the native queues. */
  collect(): void {
    for (let i = 0; i < this.#ends.length; i++) {
      const end = this.#ends[i]!;
      if (end.closed && !this.#isServed(end)) continue;
      if (!end.started) {
        if ((end.port as unknown as NodeEventTarget).listenerCount('message') === 0) continue;
        end.started = true;
      }
      for (let got = take(end); got !== undefined; got = take(end)) {
        const { value, arrive } = this.#open(end, got.message);
        const due = this.#roundFor(end);
        const op = this.#host.deliver('message', due, () => {
          end.queue.shift();
          this.#host.within(end.scope, op.task, () => dispatch(end.port, value, arrive()));
        });
        end.queue.push({ op, value });
      }
    }
  }

  /** What a message says, and the ports that become known when it is delivered. */
  #open(end: End, message: unknown): { value: unknown; arrive: () => readonly unknown[] } {
    if (!isEnvelope(message)) return { value: message, arrive: () => [] };
    const moved = end.inTransit.shift() ?? [];
    return {
      value: message.value,
      arrive: () => {
        message.ports.forEach((port, i) => {
          const one = moved[i];
          if (one === undefined) return;
          one.port = port as MessagePort;
          this.#place(one);
        });
        return message.ports;
      },
    };
  }

  /** For `receiveMessageOnPort` of code under test. */
  receive(port: Port): { message: unknown } | undefined {
    const end = this.#known.get(port);
    const next = end?.queue.shift();
    if (next !== undefined) {
      this.#host.undeliver(next.op);
      return { message: next.value };
    }
    const got = end === undefined ? originals.receiveMessageOnPort(port as MessagePort) : take(end);
    if (got === undefined || end === undefined) return got;
    const { value, arrive } = this.#open(end, got.message);
    arrive();
    return { message: value };
  }

  /** Closes a port as Node does: its event comes in the closing phase, then its peer closes too. */
  close(port: Port, onClose: unknown): void {
    const end = this.#known.get(port);
    if (end === undefined || port instanceof BroadcastChannel) {
      if (end !== undefined) this.#drop(end);
      closeForReal(port, onClose);
      return;
    }
    if (typeof onClose === 'function') port.once('close', onClose as () => void);
    this.#close(end);
  }

  #close(end: End): void {
    if (end.closed) return;
    end.closed = true;
    // A port that closes while it is served is served to the end.
    if (!this.#isServed(end)) this.#drop(end);
    const { round, phase } = this.#host.offers;
    const op = this.#host.deliver('close', phase === CLOSING ? round + 1 : round, () => {
      this.#closing.splice(this.#closing.indexOf(closing), 1);
      this.#drop(end);
      this.#host.within(end.scope, op.task, () => void end.port.dispatchEvent(new Event('close') as never));
      if (end.peer !== undefined) this.#closePeer(end.peer);
    });
    const closing = { op, value: undefined };
    this.#closing.push(closing);
  }

  #closePeer(end: End): void {
    if (end.closed) return;
    const op = this.#host.deliver('close', this.#roundFor(end), () => {
      end.queue.shift();
      this.#close(end);
    });
    end.queue.push({ op, value: undefined });
  }

  #isServed(end: End): boolean {
    const { round, phase } = this.#host.offers;
    return phase === POLL && this.#servedIn === round && this.#ends[this.#served] === end;
  }

  #drop(end: End): void {
    end.closed = true;
    for (const { op } of end.queue) this.#host.undeliver(op);
    end.queue.length = 0;
  }

  #roundFor(end: End): number {
    const { round, phase } = this.#host.offers;
    if (phase < POLL) return round;
    if (phase > POLL) return round + 1;
    const ahead = this.#servedIn !== round || this.#ends.indexOf(end) >= this.#served;
    return ahead && end.bornIn !== round ? round : round + 1;
  }

  /** What could be delivered next, in the order in which Node would, and where in its rounds and phases. */
  *offered(): Generator<{ op: TimerOp; phase: number }> {
    const heads = this.#ends.flatMap(({ queue }) => (queue.length === 0 ? [] : [queue[0]!.op]));
    // A stable sort: within a round, the order of the ports.
    for (const op of heads.sort((a, b) => a.due - b.due)) yield { op, phase: POLL };
    // libuv closes the handle first that was closed last.
    for (let i = this.#closing.length - 1; i >= 0; i--) yield { op: this.#closing[i]!.op, phase: CLOSING };
  }

  /** Notes whose turn it is. True if the operation belongs to the closing phase. */
  chosen(op: TimerOp): boolean {
    if (this.#closing.some((closing) => closing.op === op)) return true;
    this.#served = this.#ends.findIndex(({ queue }) => queue[0]?.op === op);
    this.#servedIn = Math.max(op.due, this.#host.offers.round);
    return false;
  }
}

/** Listeners of channels that were made outside run in no execution's context. */
const standingScope = new AsyncResource('MESSAGEPORT');

/** The next message that nobody has taken yet. */
function take(end: End): { message: unknown } | undefined {
  if (end.arrived.length > 0) return { message: end.arrived.shift() };
  // Closed while the host had a turn.
  if (nativeEnd(end.port) === undefined) return undefined;
  return originals.receiveMessageOnPort(end.port as MessagePort);
}

/** What Node calls with a message that the real loop delivers. */
const HYBRID_DISPATCH = Symbol.for('nodejs.internal.kHybridDispatch');

type HybridDispatch = (value: unknown, type: string, event: unknown) => unknown;

/** The port that is given a message by us. */
let served: Port | undefined;

/** Whenever the real loop turns it delivers what it finds: that must wait for its turn here, as all others do. */
function captureArrivals(port: Port, arrived: unknown[]): void {
  const native = nativeEnd(port);
  const inherited = native?.[HYBRID_DISPATCH];
  if (native === undefined || inherited === undefined) return;
  native[HYBRID_DISPATCH] = (value, type, event) => {
    if (type !== 'message' || served === port) return inherited.call(native, value, type, event);
    arrived.push(value);
    return true;
  };
}

function releaseArrivals(port: Port): void {
  const native = nativeEnd(port);
  if (native !== undefined) Reflect.deleteProperty(native, HYBRID_DISPATCH);
}

/** The object that messages come in at: the port itself, or the one that a broadcast channel has. */
function nativeEnd(port: Port): Record<symbol, HybridDispatch | undefined> | undefined {
  if (port instanceof MessagePort) return port as never;
  const handle = Object.getOwnPropertySymbols(port).find(({ description }) => description === 'kHandle');
  return handle === undefined ? undefined : ((port as never)[handle] as never);
}

function postForReal(port: Port, value: unknown, transfer: unknown): unknown {
  const { postMessage } = originals;
  const method = port instanceof BroadcastChannel ? postMessage.broadcast : postMessage.port;
  return method.apply(port, [value, transfer] as never[]);
}

function closeForReal(port: Port, onClose?: unknown): void {
  const method = port instanceof BroadcastChannel ? originals.close.broadcast : originals.close.port;
  method.apply(port, [onClose] as never[]);
}

interface NodeEventTarget {
  listenerCount(type: string): number;
  emit(type: string, value: unknown): boolean;
}

function dispatch(port: Port, value: unknown, ports: readonly unknown[]): void {
  if (port instanceof BroadcastChannel) {
    port.dispatchEvent(new MessageEvent('message', { data: value }) as never);
    return;
  }
  const holder = port as unknown as Record<symbol, unknown>;
  holder[RECEIVED_PORTS] = ports;
  served = port;
  try {
    (port as unknown as NodeEventTarget).emit('message', value);
  } finally {
    served = undefined;
    holder[RECEIVED_PORTS] = undefined;
  }
}

function isEnvelope(message: unknown): message is Envelope {
  return typeof message === 'object' && message !== null && (message as Envelope).straddle === 'envelope';
}

function transferList(transfer: unknown): readonly unknown[] {
  if (Array.isArray(transfer)) return transfer;
  const list = (transfer as { transfer?: unknown } | undefined)?.transfer;
  return Array.isArray(list) ? list : [];
}
