import { worldSlot } from '../../scheduler/world/dispatch.ts';
import type { HostWatch } from '../../scheduler/host-watch.ts';

type Call = (...args: unknown[]) => unknown;

interface Worker {
  rpc: Record<string, unknown>;
}

const watched = new WeakSet<object>();

/**
 * What a body asks of Vitest's main process (a module that it imports, a snapshot file) is answered over a channel
 * that the engine does not see: the next choice waits for the answer, and the question is asked outside of virtual
 * time.
 */
export function watchCalls(host: HostWatch): void {
  const worker = (globalThis as { __vitest_worker__?: Worker }).__vitest_worker__;
  if (worker === undefined || watched.has(worker.rpc)) return;
  const { rpc } = worker;
  const watching = new Proxy(rpc, {
    get(target, name, receiver) {
      const call: unknown = Reflect.get(target, name, receiver);
      if (typeof call !== 'function') return call;
      return new Proxy(call as Call, {
        apply: (original, self, args: unknown[]) => ask(host, () => Reflect.apply(original, self, args)),
      });
    },
  });
  watched.add(watching);
  worker.rpc = watching;
}

function ask(host: HostWatch, call: () => unknown): unknown {
  if (!host.isRunning) return call();
  const { world } = worldSlot;
  worldSlot.world = undefined;
  try {
    const answer = call();
    if (answer instanceof Promise) host.asked(answer);
    return answer;
  } finally {
    worldSlot.world = world;
  }
}
