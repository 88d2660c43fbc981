import type { Readable } from 'node:stream';
import { warn } from './warn.ts';

export type StreamName = 'stdout' | 'stderr';

const FIRST_BYTES = 64 * 1024;

/**
 * Reads one output stream of a program from its start, so the program never blocks on a full pipe. The first
 * `capBytes` bytes are kept; the rest is read and thrown away, because closing the pipe would end the program with
 * SIGPIPE. Being cut is no error: it is flagged, and warned of once.
 */
export class Capture {
  /** Settles when the stream is over: resolves at its end or after `cut`, rejects with the error of the reader. */
  readonly closed: Promise<void>;
  readonly #stream: Readable;
  readonly #name: StreamName;
  readonly #payload: string;
  readonly #capBytes: number;
  #buffer = Buffer.allocUnsafe(0);
  #size = 0;
  #truncated = false;
  #ended = false;

  constructor(stream: Readable, name: StreamName, payload: string, capBytes: number) {
    this.#stream = stream;
    this.#name = name;
    this.#payload = payload;
    this.#capBytes = capBytes;
    this.closed = new Promise((resolve, reject) => {
      stream.once('error', reject);
      stream.once('end', () => (this.#ended = true));
      stream.once('close', resolve);
    });
    stream.on('data', (chunk: Buffer) => {
      this.#take(chunk);
    });
  }

  /** More bytes came than were kept. */
  get truncated(): boolean {
    return this.#truncated;
  }

  /** Reading was given up while somebody still held the stream open. */
  get heldOpen(): boolean {
    return !this.#ended;
  }

  /** The bytes kept, as UTF-8; whatever is not UTF-8 (a character cut in two at the end, for instance) as U+FFFD. */
  text(): string {
    return this.#buffer.toString('utf8', 0, this.#size);
  }

  /** Stops reading. */
  cut(): void {
    this.#stream.destroy();
  }

  #take(chunk: Buffer): void {
    const room = this.#capBytes - this.#size;
    if (chunk.length > room && !this.#truncated) {
      this.#truncated = true;
      warn(
        'TRUNCATED',
        `payload '${this.#payload}': its ${this.#name} exceeded ${this.#capBytes} bytes; the rest is discarded.`,
      );
    }
    const kept = chunk.subarray(0, room);
    this.#reserve(this.#size + kept.length);
    this.#buffer.set(kept, this.#size);
    this.#size += kept.length;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#buffer.length) return;
    const doubled = Math.max(bytes, 2 * this.#buffer.length, FIRST_BYTES);
    const grown = Buffer.allocUnsafe(Math.min(doubled, this.#capBytes));
    grown.set(this.#buffer.subarray(0, this.#size));
    this.#buffer = grown;
  }
}
