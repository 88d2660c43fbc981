import type { VirtualTimers } from './timers.ts';

type Bytes = ArrayBufferLike | ArrayBufferView;
type Done = (error: null, value: unknown) => void;

/**
 * The random functions of `node:crypto` and Web Crypto, from the execution's seed. Arguments have been
 * checked; a callback comes last.
 */
export class Entropy {
  readonly #next: () => number;
  readonly #timers: VirtualTimers;

  constructor(next: () => number, timers: VirtualTimers) {
    this.#next = next;
    this.#timers = timers;
  }

  #fill(bytes: Uint8Array): Uint8Array {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.#next() * 256;
    return bytes;
  }

  readonly getRandomValues = (array: ArrayBufferView): ArrayBufferView => {
    this.#fill(bytesOf(array));
    return array;
  };

  readonly randomUUID = (): string => {
    const bytes = this.#fill(new Uint8Array(16));
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    return uuid(bytes);
  };

  /** Begins with the time: `now` in milliseconds since 1970. */
  randomUUIDv7(now: number): string {
    const bytes = this.#fill(new Uint8Array(16));
    for (let i = 5, rest = now; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
    bytes[6] = (bytes[6]! & 0x0f) | 0x70;
    return uuid(bytes);
  }

  readonly randomBytes = (size: number, done?: Done): unknown =>
    this.#give(Buffer.from(this.#fill(new Uint8Array(size))), done);

  readonly randomFill = (target: Bytes, ...rest: unknown[]): unknown => {
    const done = typeof rest.at(-1) === 'function' ? (rest.pop() as Done) : undefined;
    const unit = (target as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
    const bytes = bytesOf(target);
    const [offset = 0, size = bytes.length / unit - offset] = rest as number[];
    this.#fill(bytes.subarray(offset * unit, (offset + size) * unit));
    return this.#give(target, done);
  };

  readonly randomInt = (...args: unknown[]): unknown => {
    const done = typeof args.at(-1) === 'function' ? (args.pop() as Done) : undefined;
    const [min, max] = (args.length < 2 || args[1] === undefined ? [0, args[0]] : args) as [number, number];
    return this.#give(min + Math.floor(this.#next() * (max - min)), done);
  };

  /** At once, or as Node's thread pool would: in a later turn of the loop. */
  #give(value: unknown, done: Done | undefined): unknown {
    if (done === undefined) return value;
    this.#timers.setImmediate(done, null, value);
    return undefined;
  }
}

function bytesOf(target: Bytes): Uint8Array {
  return ArrayBuffer.isView(target)
    ? new Uint8Array(target.buffer, target.byteOffset, target.byteLength)
    : new Uint8Array(target);
}

function uuid(bytes: Uint8Array): string {
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
