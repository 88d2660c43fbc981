/**
 * Node's HTTP parser and its HTTP/2 sessions would take data straight from native code, past every operation. The one
 * leaves a handle alone that another has consumed; the others go through the socket of a handle that is no native
 * stream, as they do for streams of any other kind.
 */
export function keepFromParsers(handle: object): void {
  Object.defineProperties(handle, {
    _consumed: { value: true, writable: true, configurable: true, enumerable: true },
    isStreamBase: { get: () => !isForHttp2(), configurable: true },
  });
}

function isForHttp2(): boolean {
  return new Error().stack?.includes('node:internal/http2/') === true;
}
