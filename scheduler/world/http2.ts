import { deepStack, siteOfStack } from '../sites.ts';

/** Calls `taken` with the place of a session that asks whether `handle` is native, and takes it over. */
export function watchForHttp2(handle: object, taken: (site: string | undefined) => void): void {
  const get = (): boolean => {
    const stack = deepStack();
    if (stack?.includes('node:internal/http2/') === true) taken(siteOfStack(stack));
    return true;
  };
  Object.defineProperty(handle, 'isStreamBase', { get, configurable: true });
}
