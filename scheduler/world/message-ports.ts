import { AsyncResource } from 'node:async_hooks';
import { BroadcastChannel, MessagePort } from 'node:worker_threads';
import type { TimerOp } from '../op.ts';
import type { Task } from '../task.ts';
import {
  captureArrivals,
  closeForReal,
  dispatch,
  Envelope,
  isEnvelope,
  nativeEnd,
  postForReal,
  receive,
  releaseArrivals,
  transferList,
  type NodeEventTarget,
  type Port,
} from './native-ports.ts';
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

/** Other threads, as far as ports may lead there. */
export interface PortThreads {
  /** There are some. */
  areRunning(): boolean;
  /** The real loop has brought something to a port. */
  arrived(port: Port): void;
}

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
  /** Given to another thread. */
  isAway: boolean;
  /** The round in which its handle was made: it has no turn in that one any more. */
  bornIn: number;
}

const POLL = 1;
const CLOSING = 3;

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
  readonly #threads: PortThreads;
  /** In the order in which libuv would serve them. */
  readonly #ends: End[] = [];
  readonly #known = new Map<object, End>();
  readonly #closing: Delivery[] = [];
  /** The port that is being served in this round. */
  #served = -1;
  #servedIn = -1;

  constructor(host: PortHost, threads: PortThreads) {
    this.#host = host;
    this.#threads = threads;
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
      isAway: false,
      bornIn: this.#servedIn,
    };
    this.#place(end);
    return end;
  }

  /** A handle that is made while ports are served comes after those that have had their turn and those made so far. */
  #place(end: End): void {
    this.#known.set(end.port, end);
    captureArrivals(end.port, (message) => {
      end.arrived.push(message);
      this.#threads.arrived(end.port);
    });
    const { round, phase } = this.#host.offers;
    const serving = phase === POLL && this.#servedIn === round;
    end.bornIn = serving ? round : -1;
    let at = serving ? this.#served + 1 : this.#ends.length;
    while (serving && this.#ends[at]?.bornIn === round) at++;
    this.#ends.splice(at, 0, end);
  }

  /** Sends as the host does, then takes in what has arrived. Returns what the host does. */
  post(port: Port, value: unknown, transfer: unknown): unknown {
    this.#addStanding();
    const end = this.#known.get(port);
    // A broadcast channel sends through a port of its own, and asks whether that could be done.
    if (end === undefined || end.peer?.isAway === true) {
      const posted = postForReal(port, value, transfer);
      if (port instanceof MessagePort) this.giveAway(transfer);
      return posted;
    }
    if (end.closed && port instanceof MessagePort) return undefined;
    const ports = transferList(transfer).filter((one) => one instanceof MessagePort);
    const moving = ports.map((one) => this.#known.get(one));
    const posted = postForReal(port, ports.length === 0 ? value : new Envelope(value, ports), transfer);
    if (ports.length > 0 && end.peer !== undefined) {
      end.peer.inTransit.push(moving);
      for (const one of moving) if (one !== undefined) this.#detach(one);
    }
    // What another thread has said meanwhile is there at the next choice, not now or then.
    const areRunning = this.#threads.areRunning();
    this.collect((one) => areRunning && this.leadsAway(one));
    return posted;
  }

  #detach(end: End): void {
    this.#known.delete(end.port);
    this.#ends.splice(this.#ends.indexOf(end), 1);
  }

  /** Takes what has arrived at listening ports out of the native queues. */
  collect(isLater?: (port: Port) => boolean): void {
    for (let i = 0; i < this.#ends.length; i++) {
      const end = this.#ends[i]!;
      if (isLater?.(end.port) === true) continue;
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

  /** Whether what is posted here may be heard by another thread. */
  leadsAway(port: Port): boolean {
    if (port instanceof BroadcastChannel) return true;
    const peer = this.#known.get(port)?.peer;
    return peer?.isAway === true && !peer.closed;
  }

  /** Ports have been given to another thread. */
  giveAway(transfer: unknown): void {
    for (const one of transferList(transfer)) {
      const end = this.#known.get(one as object);
      if (end === undefined) continue;
      end.isAway = true;
      this.#detach(end);
    }
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
  return end.arrived.length > 0 ? { message: end.arrived.shift() } : receive(end.port);
}
