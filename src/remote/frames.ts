import type { Duplex } from 'node:stream';
import {
  AbstractMessageReader,
  AbstractMessageWriter,
  Message,
  type DataCallback,
  type Disposable,
  type MessageReader,
  type MessageWriter,
} from 'vscode-jsonrpc/node';
import { StraddleError } from '../../scheduler/error.ts';

/** A header is this short; what is longer is none. */
const LONGEST_HEADER = 256;
/** Bytes of one message. More cannot become a string of V8's. */
const LONGEST_BODY = 2 ** 28;
const END_OF_HEADER = Buffer.from('\r\n\r\n');

/**
 * Reads messages off a socket, in the framing of the language server protocol: `Content-Length: n`, an empty line, n
 * bytes of JSON. Unlike the reader of the library it is strict, because a peer that once wrote nonsense is not to be
 * believed again: what is no message is an error of kind `remote-protocol`, and nothing is read after it. And it
 * delivers a message in the very turn of the event loop in which its last byte came.
 */
export class FrameReader extends AbstractMessageReader implements MessageReader {
  readonly #socket: Duplex;
  #chunks: Buffer[] = [];
  #size = 0;
  /** Bytes of the body that is expected, or −1 while a header is. */
  #expected = -1;
  #failed = false;

  constructor(socket: Duplex) {
    super();
    this.#socket = socket;
  }

  listen(callback: DataCallback): Disposable {
    const take = (chunk: Buffer): void => {
      try {
        this.#take(chunk, callback);
      } catch (error) {
        this.#fail(error instanceof StraddleError ? error : nonsense(String(error)));
      }
    };
    this.#socket.on('data', take);
    this.#socket.once('close', () => {
      if (this.#size > 0 || this.#expected >= 0) this.#fail(nonsense('the stream ended in the middle of a message'));
      this.fireClose();
    });
    return { dispose: () => void this.#socket.off('data', take) };
  }

  #fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#chunks = [];
    this.#size = 0;
    this.fireError(error);
  }

  #take(chunk: Buffer, callback: DataCallback): void {
    if (this.#failed) return;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (!this.#failed) {
      if (this.#expected < 0 && !this.#readHeader()) return;
      if (this.#size < this.#expected) return;
      const body = this.#read(this.#expected);
      this.#expected = -1;
      callback(parse(body));
    }
  }

  #readHeader(): boolean {
    if (this.#size === 0) return false;
    const start = this.#peek(LONGEST_HEADER);
    const end = start.indexOf(END_OF_HEADER);
    if (end < 0) {
      if (this.#size >= LONGEST_HEADER || !isHeaderStart(start)) throw nonsense(`it began with ${quote(start)}`);
      return false;
    }
    const match = /^content-length: *(\d+)(?:\r\n[^]*)?$/i.exec(start.toString('latin1', 0, end));
    if (match === null) throw nonsense(`it began with ${quote(start)}`);
    const length = Number(match[1]);
    if (length > LONGEST_BODY) throw nonsense(`a message of ${length} bytes was announced`);
    this.#read(end + END_OF_HEADER.length);
    this.#expected = length;
    return true;
  }

  /** The first bytes that are there, at most `bytes`. */
  #peek(bytes: number): Buffer {
    const first = this.#chunks[0]!;
    if (first.length >= Math.min(bytes, this.#size)) return first.subarray(0, bytes);
    this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]!.subarray(0, bytes);
  }

  /** Takes bytes that are there. */
  #read(bytes: number): Buffer {
    let all = this.#chunks[0] ?? Buffer.alloc(0);
    if (all.length < bytes) all = Buffer.concat(this.#chunks);
    else if (this.#chunks.length > 1) {
      const rest = all.subarray(bytes);
      this.#size -= bytes;
      if (rest.length > 0) this.#chunks[0] = rest;
      else this.#chunks.shift();
      return all.subarray(0, bytes);
    }
    this.#size -= bytes;
    this.#chunks = all.length > bytes ? [all.subarray(bytes)] : [];
    return all.subarray(0, bytes);
  }
}

/** Writes messages onto a socket, each in one piece. */
export class FrameWriter extends AbstractMessageWriter implements MessageWriter {
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    super();
    this.#socket = socket;
  }

  write(message: Message): Promise<void> {
    const body = JSON.stringify(message);
    this.#socket.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    return Promise.resolve();
  }

  end(): void {
    this.#socket.end();
  }
}

function parse(body: Buffer): Message {
  let message: unknown;
  try {
    message = JSON.parse(body.toString('utf8'));
  } catch {
    throw nonsense(`a message was no JSON: ${quote(body)}`);
  }
  const one = message as Message;
  if (one?.jsonrpc === '2.0') {
    if (Message.isRequest(one) || Message.isNotification(one) || Message.isResponse(one)) return one;
  }
  throw nonsense(`a message was no JSON-RPC 2.0: ${quote(body)}`);
}

const HEADER = 'content-length: ';

function isHeaderStart(start: Buffer): boolean {
  return HEADER.startsWith(start.toString('latin1', 0, HEADER.length).toLowerCase());
}

function nonsense(what: string): StraddleError {
  return new StraddleError('remote-protocol', `the other process sent what is no message: ${what}.`);
}

function quote(bytes: Buffer): string {
  const text = bytes.toString('latin1', 0, 40);
  return JSON.stringify(bytes.length > 40 ? `${text}…` : text);
}
