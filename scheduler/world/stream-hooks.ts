import { worldSlot } from './dispatch.ts';
import { Channel } from './channel.ts';
import { cross, crossing, targets, type Call } from './crossing.ts';
import { hook, nativeModule, nativePrototype, type NativeFunction } from './native.ts';
import type { OutsideWork } from './outside.ts';
import { Request, UNSURE } from './request.ts';
import { Listener, Stream, StreamRequest } from './streams.ts';
import { streamState } from './stream-state.ts';

const WRITES = ['writev', 'writeBuffer', 'writeAsciiString', 'writeUtf8String', 'writeUcs2String', 'writeLatin1String'];

type Work = () => OutsideWork;

/** Sees every native call by which sockets, pipes and servers are used, and what they call back. */
export function hookStreams(work: Work): void {
  const tcp = nativePrototype('tcp_wrap', 'TCP');
  const pipe = nativePrototype('pipe_wrap', 'Pipe');
  if (tcp === undefined || pipe === undefined) return;
  const stream = Object.getPrototypeOf(tcp) as object;
  const paths = new WeakMap<object, string>();
  for (const prototype of [tcp, pipe]) hookReading(prototype, stream);
  hookUse(stream, work, tcp);
  for (const name of ['connect', 'connect6']) hook(tcp, name, (original) => connecting(original, work, portOf));
  hook(pipe, 'connect', (original) => connecting(original, work, (path) => path as string));
  hook(pipe, 'bind', (original) => {
    return function (this: unknown, ...args) {
      paths.set(this as object, args[0] as string);
      return original.apply(this, args);
    };
  });
  for (const prototype of [tcp, pipe]) {
    hook(prototype, 'listen', (original) => {
      return function (this: unknown, ...args) {
        cross(this as object, 'onconnection');
        const error = original.apply(this, args);
        if (error === 0 && !targets.has(this as object)) {
          const listener = new Listener(work(), this as object, 'server');
          listener.path = paths.get(this as object);
        }
        return error;
      };
    });
  }
  hookClosing(Object.getPrototypeOf(stream) as object, tcp, work);
  hookTls(work);
}

function portOf(_address: unknown, port: unknown): number {
  return port as number;
}

/** What reads a stream crosses over. Setting it is native code's business, so the property is shadowed. */
function hookReading(prototype: object, owner: object): void {
  const given = new WeakMap<object, unknown>();
  Object.defineProperty(prototype, 'onread', {
    get(this: object) {
      return given.get(this) ?? (Reflect.get(owner, 'onread', this) as unknown);
    },
    set(this: object, callback: unknown) {
      if (worldSlot.world === undefined) Reflect.set(owner, 'onread', callback, this);
      else {
        given.set(this, callback);
        Reflect.set(owner, 'onread', crossing('onread', callback as NativeFunction), this);
      }
    },
    configurable: true,
  });
}

/** The stream of a handle, if it is the execution's. A socket that the host has made, or its standard input, is
 * taken over for a while. */
function streamOf(handle: object, work: OutsideWork, tcp: object): Stream | undefined {
  const target = targets.get(handle);
  if (target instanceof Stream && !target.stale) return target;
  if (target !== undefined && !target.stale) return undefined;
  const isInput = (handle as { fd?: number }).fd === 0;
  if (!isInput && !Object.prototype.isPrototypeOf.call(tcp, handle)) return undefined;
  const stream = new Stream(work, handle, isInput ? 'standard input' : 'socket');
  stream.isForeign = true;
  if (isInput) work.host.health.note('uncontrolled', readsInput);
  const socket = handle as { onread: unknown };
  // Set again, it crosses over.
  socket.onread = socket.onread;
  return stream;
}

function hookUse(prototype: object, work: Work, tcp: object): void {
  for (const name of WRITES) {
    hook(prototype, name, (original) => {
      return function (this: unknown, ...args) {
        const stream = streamOf(this as object, work(), tcp);
        const answer = original.apply(this, args);
        if (stream !== undefined) written(work(), stream, args[0], answer);
        return answer;
      };
    });
  }
  hook(prototype, 'shutdown', (original) => {
    return function (this: unknown, ...args) {
      const stream = streamOf(this as object, work(), tcp);
      const error = original.apply(this, args);
      if (stream !== undefined) {
        stream.finish();
        if (error === 0) submitted(work(), stream, args[0] as object, 'socket shutdown');
      }
      return error;
    };
  });
  hook(prototype, 'readStart', (original) => {
    return function (this: unknown, ...args) {
      streamOf(this as object, work(), tcp)?.touch();
      return original.apply(this, args);
    };
  });
  hook(prototype, 'useUserBuffer', (original) => {
    return function (this: unknown, ...args) {
      const stream = targets.get(this as object);
      if (!(stream instanceof Stream)) return original.apply(this, args);
      stream.userBuffer = args[0] as Uint8Array;
      return undefined;
    };
  });
}

/** The request of a write that goes on outside: given by the caller or, in newer versions of Node, the answer. */
interface WriteRequest {
  oncomplete?: NativeFunction;
  /** It has ended already, and Node's own code is about to see it. */
  readonly writeStatus?: number | null;
}

/** A write has been handed over; `given` is what it was called with, `answer` what it returned. */
function written(work: OutsideWork, stream: Stream, given: unknown, answer: unknown): void {
  const isNew = typeof answer === 'object';
  if (isNew ? streamState.writeError !== 0 : answer !== 0) return;
  stream.wrote();
  const request = (isNew ? answer : given) as WriteRequest | null;
  const goesOn = isNew ? typeof request?.writeStatus !== 'number' : streamState.isWriting;
  if (request !== null && goesOn) submitted(work, stream, request, 'socket write');
}

function submitted(work: OutsideWork, stream: Stream, request: object, name: string): void {
  const order = work.nextOrder();
  const one = new StreamRequest(
    work,
    work.host.ask(name, () => undefined),
    order,
    stream,
  );
  work.add(one);
  cross(request, 'oncomplete');
  targets.set(request, one);
}

/** `to` reads the port or path off the arguments after the request. */
function connecting(original: NativeFunction, work: Work, to: (...args: unknown[]) => number | string): NativeFunction {
  return function (this: unknown, ...args) {
    const error = original.apply(this, args);
    // Pipes connect at once and return nothing.
    if (error !== 0 && error !== undefined) return error;
    const outside = work();
    const stream = new Stream(outside, this as object, 'socket');
    stream.watchForHttp2(this as object);
    const wrapped = encrypted.get(this as object);
    if (wrapped !== undefined) encrypt(stream, wrapped);
    const [request, ...rest] = args as [object, ...unknown[]];
    stream.localPort = localPortOf(this as object);
    const place = to(...rest);
    stream.name = `socket to ${typeof place === 'string' ? place : `${String(rest[0])}:${place}`}`;
    for (const source of outside.sources) {
      if (source instanceof Listener && source.isOpen && source.isAt(place)) {
        source.expect(stream);
        break;
      }
    }
    const order = outside.nextOrder();
    const one = new ConnectRequest(
      outside,
      outside.host.ask('socket connect', () => undefined),
      order,
      UNSURE,
    );
    one.stream = stream;
    outside.add(one);
    cross(request, 'oncomplete');
    targets.set(request, one);
    return error;
  };
}

function localPortOf(handle: object): number {
  const out: { port?: number } = {};
  (handle as { getsockname?(out: object): number }).getsockname?.(out);
  return out.port ?? 0;
}

class ConnectRequest extends Request {
  stream!: Stream;

  override cross(callback: string, call: Call, args: readonly unknown[]): void {
    const { stream } = this;
    stream.touch();
    if (args[0] === 0) stream.isConnected = true;
    else stream.listener?.forget(stream);
    super.cross(callback, call, args);
  }
}

/** `close` and `reset` end a handle; the callback is an operation. */
function hookClosing(handles: object, tcp: object, work: Work): void {
  const closing = (original: NativeFunction): NativeFunction =>
    function (this: unknown, ...args) {
      const target = targets.get(this as object);
      if (target === undefined || target.stale) return original.apply(this, args);
      if (target instanceof Channel) target.closing();
      const [callback] = args;
      if (typeof callback !== 'function') return original.apply(this, args);
      const outside = work();
      const request = outside.request('handle close');
      return original.call(this, () => {
        request.answer(() => void (callback as NativeFunction).call(this));
      });
    };
  hook(handles, 'close', closing);
  hook(tcp, 'reset', closing);
}

/** Encrypted streams share the operations of the socket under them, which native code reads and writes. */
function hookTls(work: Work): void {
  const native = nativeModule('tls_wrap');
  const prototype = (native?.['TLSWrap'] as { prototype: object } | undefined)?.prototype;
  if (prototype === undefined) return;
  hook(native, 'wrap', (original) => {
    return function (this: unknown, ...args) {
      const wrapped = original.apply(this, args) as object;
      const socket = args[0] as object;
      shadowReading(wrapped, prototype);
      // As for the socket of a connection.
      Object.assign(wrapped, { _consumed: true });
      const stream = targets.get(socket);
      if (stream instanceof Stream) encrypt(stream, wrapped);
      else encrypted.set(socket, wrapped);
      return wrapped;
    };
  });
  for (const name of WRITES) {
    hook(prototype, name, (original) => {
      return function (this: unknown, ...args) {
        const stream = targets.get(this as object);
        const answer = original.apply(this, args);
        return stream instanceof Stream ? encryptedWrite(work(), stream, args[0], answer) : answer;
      };
    });
  }
  for (const name of ['start', 'certCbDone', 'endParser', 'newSessionDone', 'renegotiate', 'readStart']) {
    hook(prototype, name, (original) => {
      return function (this: unknown, ...args) {
        const answer = original.apply(this, args);
        const stream = targets.get(this as object);
        if (stream instanceof Stream) stream.mayHaveWritten();
        return answer;
      };
    });
  }
  hook(prototype, 'shutdown', (original) => {
    return function (this: unknown, ...args) {
      const stream = targets.get(this as object);
      const error = original.apply(this, args);
      if (stream instanceof Stream) {
        stream.finish();
        if (error === 0) submitted(work(), stream, args[0] as object, 'socket shutdown');
      }
      return error;
    };
  });
}

/** Encrypted streams of sockets that are not connected yet. */
const encrypted = new WeakMap<object, object>();

function encrypt(stream: Stream, wrapped: object): void {
  stream.watchForHttp2(wrapped);
  stream.isEncrypted = true;
  targets.set(wrapped, stream);
}

/** Whether such a write ends at once depends on the version of Node: here it never does. */
function encryptedWrite(work: OutsideWork, stream: Stream, given: unknown, answer: unknown): unknown {
  const isNew = given === null;
  const isDone = isNew ? answer === 0 : !streamState.isWriting;
  const hasFailed = typeof answer === 'number' && answer !== 0;
  if (hasFailed || !isDone) {
    written(work, stream, given, answer);
    return answer;
  }
  stream.wrote();
  const request = (isNew ? { writeStatus: null } : given) as WriteRequest;
  streamState.isWriting = true;
  work.request('socket write').answer(() => void request.oncomplete?.call(request, 0));
  return isNew ? request : answer;
}

function shadowReading(wrapped: object, prototype: object): void {
  let given: unknown = Reflect.get(prototype, 'onread', wrapped);
  Object.defineProperty(wrapped, 'onread', {
    get: () => given,
    set: (callback: unknown) => {
      given = callback;
      Reflect.set(prototype, 'onread', crossing('onread', callback as NativeFunction), wrapped);
    },
    configurable: true,
  });
}

function readsInput(): string {
  return (
    "The test reads the process's standard input: when something comes there is not controlled, so a replay may differ, " +
    'and what has been read once is not there again. Read from a stream that the test makes.'
  );
}
