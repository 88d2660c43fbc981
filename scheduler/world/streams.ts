import { AsyncResource } from 'node:async_hooks';
import type { IoOp } from '../op.ts';
import { Channel } from './channel.ts';
import { targets, type Call } from './crossing.ts';
import { hidden } from './native.ts';
import type { OutsideWork } from './outside.ts';
import type { Process } from './processes.ts';
import { Request, type Limits } from './request.ts';
import { watchForHttp2 } from './http2.ts';
import { streamState } from './stream-state.ts';

/** Milliseconds of waiting that another process is given to answer before the engine goes on without it. */
const ANSWER_MS = 1_000;
/** The same once something outside has been too slow. */
const SHORT_ANSWER_MS = 100;
/** What it is given when nothing else can run. */
const PATIENCE_MS = 3_000;
/** The same after it has answered: it may speak unasked. */
const IDLE_PATIENCE_MS = 500;
/** The same within this process, where everything that was sent arrives. */
const LOOPBACK_MS = 1_000;
/** A write comes to its end when the other end reads, which is looked at each time. */
const WRITE: Limits = { graceMs: Infinity, patienceMs: PATIENCE_MS };
/** As libuv hands data over: so much at once, at most. */
const CHUNK = 65_536;

/** A native stream: a TCP or Unix socket, a pipe. */
export interface StreamHandle {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Bytes that the system has not taken yet. */
  readonly writeQueueSize?: number;
  /** Kept by Node's own `net`. */
  reading?: boolean;
  close(): void;
}

/** One end of a connection. If the other end is in this process too, what is under way is known exactly. */
export class Stream extends Channel {
  declare readonly handle: StreamHandle;
  peer: Stream | undefined;
  /** The server in this process that is about to accept it. */
  listener: Listener | undefined;
  /** The child process whose pipe it is. */
  owner: Process | undefined;
  localPort = 0;
  isConnected = false;
  /** Was made outside of the execution, which only uses it. */
  isForeign = false;
  /** Native code reads it whatever JavaScript says, and keeps what is written until both ends have agreed on keys. */
  isEncrypted = false;
  /** The caller's buffer, into which data must be put. */
  userBuffer: Uint8Array | undefined;
  /** Something was said to the other end that it has not answered. */
  #isAwaited = false;
  #hasKeys = false;
  /** Native code handles what it reads. */
  #isTaken = false;
  /** Its peer will see its end. */
  #isFinished = false;
  /** It has seen its peer's end. */
  #hasEnded = false;
  #sent: number | undefined;
  #chunks: Uint8Array[] = [];
  #chunkCall: Call | undefined;
  #chunkScope: AsyncResource | undefined;

  /** Native code takes what arrives at `handle`, and no script sees it, once a session of HTTP/2 is made of it. */
  watchForHttp2(handle: object): void {
    watchForHttp2(handle, (site) => {
      this.#isTaken = true;
      this.work.host.health.note('uncontrolled', () => takenByHttp2(site));
    });
  }

  pair(peer: Stream): void {
    this.peer = peer;
    peer.peer = this;
    peer.listener = undefined;
  }

  get #sentSoFar(): number {
    return this.#sent ?? this.handle.bytesWritten;
  }

  get #reads(): boolean {
    return this.isOpen && !this.#hasEnded && (this.isEncrypted || this.#isTaken || isReading(this.handle));
  }

  /** Something is written to it. */
  wrote(): void {
    this.#isAwaited = true;
    this.touch();
    (this.peer ?? this.owner)?.touch();
  }

  /** Native code may have written to it. */
  mayHaveWritten(): void {
    this.touch();
    this.peer?.touch();
  }

  /** It writes no more. */
  finish(): void {
    this.#isFinished = true;
    this.touch();
    (this.peer ?? this.owner)?.touch();
  }

  override closing(): void {
    this.#sent = this.handle.bytesWritten;
    this.finish();
    this.listener?.forget(this);
    this.gone();
  }

  expects(at: number): boolean {
    if (!this.isOpen || this.#hasEnded || this.listener !== undefined) return false;
    const silence = at - this.lastActive;
    if (this.peer === undefined && this.owner === undefined) return this.#isAwaited && this.#isInTime(silence);
    return this.#isDue && silence < LOOPBACK_MS;
  }

  /** Something that it reads is under way to it within this process. */
  get #isDue(): boolean {
    const { peer, owner } = this;
    if (!this.#reads) return false;
    // What a child has said before its end is still in the pipe.
    if (owner !== undefined) return !owner.isOpen;
    if (peer === undefined) return false;
    return (peer.#isFinished && !this.#isTaken) || peer.#sentSoFar > this.handle.bytesRead;
  }

  /** Whether to wait for another process. */
  #isInTime(silence: number): boolean {
    const { health } = this.work.host;
    if (silence < (health.has('slow-outside') ? SHORT_ANSWER_MS : ANSWER_MS)) return true;
    health.note('slow-outside', () => slow(this.name));
    return false;
  }

  /** What is written to it now comes to its end by itself. */
  flows(at: number): boolean {
    if (this.isEncrypted && !this.#hasKeys) return false;
    // The system has all of it already.
    if (this.handle.writeQueueSize === 0) return true;
    return this.peer === undefined ? at - this.lastActive < SHORT_ANSWER_MS : this.peer.#reads;
  }

  patienceMs(): number {
    if (!this.isOpen) return 0;
    if (this.#isTaken || this.#isDue) return PATIENCE_MS;
    const isExternal = this.peer === undefined && this.listener === undefined && this.owner === undefined;
    if (!isExternal) return 0;
    return this.#isAwaited || this.handle.bytesRead === 0 ? PATIENCE_MS : IDLE_PATIENCE_MS;
  }

  cross(callback: string, call: Call, args: readonly unknown[]): void {
    if (callback !== 'onread') {
      if (callback === 'onhandshakedone') this.#hasKeys = true;
      this.arrived(`socket ${callback.slice(2)}`, () => void call(...args));
      return;
    }
    const { read, offset } = streamState;
    if (read === 0) return;
    this.owner?.spoke();
    const isExternal = this.peer === undefined && this.owner === undefined;
    const isUnasked = !this.#isAwaited && isExternal && this.handle.bytesRead > read;
    if (isUnasked) this.work.host.health.note('spoke-unasked', () => unasked(this.name));
    this.#isAwaited = false;
    if (read > 0) {
      this.#chunks.push(new Uint8Array(args[0] as ArrayBuffer, offset, read));
      this.#chunkCall = call;
      this.#chunkScope ??= new AsyncResource('straddle.io');
      this.touch();
    } else {
      this.#hasEnded = true;
      this.#cut();
      this.arrived('socket end', () => {
        if (!this.isOpen) return;
        streamState.restore(read, 0);
        call();
      });
    }
  }

  override land(): void {
    this.#cut();
    super.land();
  }

  /** Data is delivered in pieces that do not depend on how the kernel cut it. */
  #cut(): void {
    if (this.#chunks.length === 0) return;
    const data = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    const call = this.#chunkCall!;
    const most = this.userBuffer?.length ?? CHUNK;
    for (let at = 0; at < data.length; at += most) {
      const piece = data.subarray(at, at + most);
      this.enqueue('socket data', this.#chunkScope!, () => this.#deliver(piece, call));
    }
    this.#chunks = [];
    this.#chunkScope = undefined;
  }

  #deliver(piece: Uint8Array, call: Call): void {
    // A handle that has been closed brings nothing any more.
    if (!this.isOpen) return;
    if (this.userBuffer === undefined) {
      streamState.restore(piece.length, piece.byteOffset);
      call(piece.buffer);
    } else {
      this.userBuffer.set(piece);
      streamState.restore(piece.length, 0);
      const next = call();
      if (next instanceof Uint8Array) this.userBuffer = next;
    }
  }

  override end(): boolean {
    const wasOpen = super.end();
    // The host's again.
    if (this.isForeign) targets.delete(this.handle);
    return wasOpen && !this.isForeign;
  }

  protected close(): void {
    if (this.isForeign) return;
    const owner = hidden(this.handle, 'owner_symbol') as { destroy?(): void } | undefined;
    if (owner?.destroy !== undefined) owner.destroy();
    else this.handle.close();
  }
}

/** A server's handle. It is idle, except while a connection from this process has not arrived. */
export class Listener extends Channel {
  declare readonly handle: { close(): void; getsockname?(out: { port?: number }): number };
  readonly #expected: Stream[] = [];

  /** Of a Unix socket. */
  path: string | undefined;

  /** Whether a connection to this port or path comes here. */
  isAt(place: number | string): boolean {
    if (typeof place === 'string') return place === this.path;
    const out: { port?: number } = {};
    this.handle.getsockname?.(out);
    return place === out.port;
  }

  expect(client: Stream): void {
    client.listener = this;
    this.#expected.push(client);
  }

  forget(client: Stream): void {
    const at = this.#expected.indexOf(client);
    if (at >= 0) this.#expected.splice(at, 1);
    client.listener = undefined;
  }

  expects(at: number): boolean {
    return this.isOpen && this.#expected.some((one) => one.isConnected && at - one.lastActive < LOOPBACK_MS);
  }

  patienceMs(): number {
    return this.isOpen && this.#expected.some(({ isConnected }) => isConnected) ? PATIENCE_MS : 0;
  }

  cross(callback: string, call: Call, args: readonly unknown[]): void {
    const [status, handle] = args as [number, StreamHandle | undefined];
    if (callback !== 'onconnection' || status !== 0 || handle === undefined) {
      this.arrived(`server ${callback.slice(2)}`, () => void call(...args));
      return;
    }
    const client = this.#clientOf(handle);
    // Until the connection is delivered it counts as expected there: nothing comes from it before.
    if (client !== undefined) this.#expected.splice(this.#expected.indexOf(client), 1);
    const accept = (): void => {
      const stream = new Stream(this.work, handle, 'connection');
      stream.watchForHttp2(handle);
      if (client !== undefined) stream.pair(client);
      // Node's HTTP parser would take data straight from native code.
      Object.assign(handle, { _consumed: true });
      call(...args);
    };
    this.arrived('server connection', accept, client?.order ?? Infinity);
  }

  /** Who is at the other end, if it is somebody in this process: by port, or the first to come. */
  #clientOf(handle: object): Stream | undefined {
    const { getpeername } = handle as { getpeername?(out: { port?: number }): number };
    if (getpeername === undefined) return this.#expected[0];
    const out: { port?: number } = {};
    getpeername.call(handle, out);
    return this.#expected.find(({ localPort }) => localPort === out.port);
  }

  drop(_callback: string, args: readonly unknown[]): void {
    (args[1] as StreamHandle | undefined)?.close();
  }

  override closing(): void {
    for (const client of [...this.#expected]) this.forget(client);
    this.gone();
  }

  protected close(): void {
    const owner = hidden(this.handle, 'owner_symbol') as { close?(): void } | undefined;
    if (owner?.close !== undefined) owner.close();
    else this.handle.close();
  }
}

/** A write or an end that goes on outside: waited for only while the other end reads. */
export class StreamRequest extends Request {
  readonly #stream: Stream;

  constructor(work: OutsideWork, op: IoOp, order: number, stream: Stream) {
    super(work, op, order, WRITE);
    this.#stream = stream;
  }

  override expects(at: number): boolean {
    return super.expects(at) && this.#stream.flows(at);
  }
}

/** Under TLS the property leads to an object that is gone when the connection is. */
function isReading(handle: StreamHandle): boolean {
  try {
    return handle.reading === true;
  } catch {
    return false;
  }
}

function slow(name: string): string {
  return (
    `The ${name} that leaves this process had not been answered in time, so the execution went on without the ` +
    'answer: when it comes is not controlled, and a replay may differ. Run the other end in this process, or use a fake.'
  );
}

function unasked(name: string): string {
  return (
    `The ${name} that leaves this process spoke without being asked: when it does is not controlled, and a replay ` +
    'may differ. Run the other end in this process, or use a fake.'
  );
}

function takenByHttp2(site: string | undefined): string {
  return (
    `An HTTP/2 session${site === undefined ? '' : ` (${site})`} reads its connection in native code: when its streams ` +
    'go on is not controlled, so a replay may differ. Use node:http in the test, or a fake.'
  );
}
