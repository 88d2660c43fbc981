import { BroadcastChannel, MessagePort } from 'node:worker_threads';
import { originals } from './originals.ts';

/** A message port or a broadcast channel: the host's own object. */
export type Port = MessagePort | BroadcastChannel;

/** A message that carries ports travels with the list of them: the receiver's event must show it. */
export class Envelope {
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

/** Takes a message out of the native queue. */
export function receive(port: Port): { message: unknown } | undefined {
  // Closed while the host had a turn.
  return nativeEnd(port) === undefined ? undefined : originals.receiveMessageOnPort(port as MessagePort);
}

/** What Node calls with a message that the real loop delivers. */
const HYBRID_DISPATCH = Symbol.for('nodejs.internal.kHybridDispatch');

type HybridDispatch = (value: unknown, type: string, event: unknown) => unknown;

/** The port that is given a message by us. */
let served: Port | undefined;

/** Whenever the real loop turns it delivers what it finds: that must wait for its turn here, as all others do. */
export function captureArrivals(port: Port, arrived: (message: unknown) => void): void {
  const native = nativeEnd(port);
  const inherited = native?.[HYBRID_DISPATCH];
  if (native === undefined || inherited === undefined) return;
  native[HYBRID_DISPATCH] = (value, type, event) => {
    if (type !== 'message' || served === port) return inherited.call(native, value, type, event);
    arrived(value);
    return true;
  };
}

export function releaseArrivals(port: Port): void {
  const native = nativeEnd(port);
  if (native !== undefined) Reflect.deleteProperty(native, HYBRID_DISPATCH);
}

/** The object that messages come in at: the port itself, or the one that a broadcast channel has. */
export function nativeEnd(port: Port): Record<symbol, HybridDispatch | undefined> | undefined {
  if (port instanceof MessagePort) return port as never;
  const handle = Object.getOwnPropertySymbols(port).find(({ description }) => description === 'kHandle');
  return handle === undefined ? undefined : ((port as never)[handle] as never);
}

export function postForReal(port: Port, value: unknown, transfer: unknown): unknown {
  const { postMessage } = originals;
  const method = port instanceof BroadcastChannel ? postMessage.broadcast : postMessage.port;
  return method.apply(port, [value, transfer] as never[]);
}

export function closeForReal(port: Port, onClose?: unknown): void {
  const method = port instanceof BroadcastChannel ? originals.close.broadcast : originals.close.port;
  method.apply(port, [onClose] as never[]);
}

/** What Node's event targets have of its emitters. */
export interface NodeEventTarget {
  listenerCount(type: string): number;
  emit(type: string, value: unknown): boolean;
}

export function dispatch(port: Port, value: unknown, ports: readonly unknown[]): void {
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

export function isEnvelope(message: unknown): message is Envelope {
  return typeof message === 'object' && message !== null && (message as Envelope).straddle === 'envelope';
}

export function transferList(transfer: unknown): readonly unknown[] {
  if (Array.isArray(transfer)) return transfer;
  const list = (transfer as { transfer?: unknown } | undefined)?.transfer;
  return Array.isArray(list) ? list : [];
}
