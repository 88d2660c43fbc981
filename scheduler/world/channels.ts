import { MessagePort, type MessageChannel, type Worker, type WorkerOptions } from 'node:worker_threads';
import { disguise, worldSlot, type AnyFunction } from './dispatch.ts';
import { adoptWorker, posting, postingAnywhere } from './workers.ts';
import type { OutsideWork } from './outside.ts';
import { rememberChannel, type VirtualPorts } from './message-ports.ts';
import type { Port } from './native-ports.ts';

type Constructor = abstract new (...args: never[]) => object;

/** The methods of ports and channels while an execution runs; `this` is the port. */
export interface ChannelFunctions {
  readonly postMessage: AnyFunction;
  readonly close: AnyFunction;
  readonly receive: AnyFunction;
}

export function channelFunctions(ports: VirtualPorts, outside: OutsideWork): ChannelFunctions {
  return {
    postMessage(this: unknown, value: unknown, transfer?: unknown): unknown {
      posting(this as Port);
      if (ports.leadsAway(this as Port)) postingAnywhere(outside, this instanceof MessagePort);
      return ports.post(this as Port, value, transfer);
    },
    close(this: unknown, onClose?: unknown): void {
      ports.close(this as Port, onClose);
    },
    receive: (port: unknown) => ports.receive(port as Port),
  };
}

/** A constructor that tells about every object it makes. Its prototype is the original's. */
function constructorDispatcher<C extends Constructor>(
  original: C,
  made: (object: InstanceType<C>, args: readonly unknown[]) => void,
): C {
  function dispatch(this: unknown, ...args: never[]): unknown {
    if (new.target === undefined) return (original as unknown as AnyFunction)(...args);
    const object = Reflect.construct(original, args, new.target === dispatch ? original : new.target) as object;
    made(object as InstanceType<C>, args);
    return object;
  }
  disguise(dispatch, original as unknown as AnyFunction);
  Object.defineProperty(dispatch, 'prototype', { value: original.prototype as object, writable: false });
  return dispatch as unknown as C;
}

export function messageChannelDispatcher(original: typeof MessageChannel): typeof MessageChannel {
  return constructorDispatcher(original, ({ port1, port2 }) => {
    const { world } = worldSlot;
    if (world === undefined) rememberChannel(port1, port2);
    else world.ports.add(port1, port2);
  });
}

export function broadcastChannelDispatcher(original: typeof BroadcastChannel): typeof BroadcastChannel {
  return constructorDispatcher(original, (channel) => {
    const { world } = worldSlot;
    if (world === undefined) rememberChannel(channel, undefined);
    else world.ports.add(channel);
  });
}

export function workerDispatcher(original: typeof Worker): typeof Worker {
  return constructorDispatcher(original, (worker, [, options]) => {
    const { world } = worldSlot;
    if (world === undefined) return;
    adoptWorker(world.outside, worker);
    const { transferList } = (options ?? {}) as WorkerOptions;
    if (transferList !== undefined) world.ports.giveAway(transferList);
  });
}
