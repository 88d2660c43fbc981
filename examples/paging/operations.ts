import type { Remote } from '../../src/remote/index.ts';
import type { Paging } from './contract.ts';

/** One step of a test. `async`: the next one does not wait for it. */
export type Operation = { readonly async?: boolean } & (
  | { readonly kind: 'read' | 'remove'; readonly page: number }
  | { readonly kind: 'write'; readonly page: number; readonly value: number }
  | { readonly kind: 'servePause' | 'serveResume' }
  | { readonly kind: 'sleep'; readonly ms: number }
);

/** Asks for one operation. */
export function execute({ calls, serving }: Remote<Paging>, operation: Operation): Promise<unknown> {
  switch (operation.kind) {
    case 'read':
      return calls.read(operation.page);
    case 'write':
      return calls.write(operation.page, operation.value);
    case 'remove':
      return calls.remove(operation.page);
    case 'servePause':
      return serving.pause();
    case 'serveResume':
      return serving.resume();
    case 'sleep':
      return new Promise((resolve) => setTimeout(resolve, operation.ms));
  }
}

/**
 * Runs synchronous operations in order, fans the others out, and joins all. Rejects with the first failure, or with
 * the signal's reason: then nobody waits for what is still under way.
 */
export async function executeAll(
  operations: readonly Operation[],
  run: (operation: Operation) => Promise<unknown>,
  signal?: AbortSignal,
): Promise<unknown[]> {
  let stop!: (reason: unknown) => void;
  const stopped = new Promise<never>((_, reject) => (stop = reject));
  const abort = (): void => stop(signal!.reason);
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted === true) abort();
  const results: Promise<unknown>[] = [];
  try {
    for (const operation of operations) {
      const result = run(operation);
      results.push(result);
      result.catch(stop);
      if (operation.async !== true) await Promise.race([result, stopped]);
    }
    return await Promise.race([Promise.all(results), stopped]);
  } finally {
    signal?.removeEventListener('abort', abort);
    stopped.catch(() => undefined);
  }
}
