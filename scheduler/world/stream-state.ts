import { nativeModule } from './native.ts';

const native = nativeModule('stream_wrap') as
  (Record<string, number> & { readonly streamBaseState: Int32Array }) | undefined;
const state = native?.streamBaseState ?? new Int32Array(8);
const kReadBytesOrError = native?.['kReadBytesOrError'] ?? 0;
const kArrayBufferOffset = native?.['kArrayBufferOffset'] ?? 1;
const kLastWriteWasAsync = native?.['kLastWriteWasAsync'] ?? 3;
const kLastWriteErr = native?.['kLastWriteErr'];

/** What native streams tell JavaScript beside the arguments of a call: a few numbers that all streams share. */
export const streamState = {
  /** Bytes read, 0 for nothing, or a negative error; one of them is the end. */
  get read(): number {
    return state[kReadBytesOrError]!;
  },

  /** Where in the buffer the data begins. */
  get offset(): number {
    return state[kArrayBufferOffset]!;
  },

  /** The write that was submitted last goes on outside. */
  get isWriting(): boolean {
    return state[kLastWriteWasAsync] !== 0;
  },
  set isWriting(is: boolean) {
    state[kLastWriteWasAsync] = is ? 1 : 0;
  },

  /** What the write that was submitted last has failed with at once, where native code says so here. */
  get writeError(): number {
    return kLastWriteErr === undefined ? 0 : state[kLastWriteErr]!;
  },

  /** Puts the numbers back as they were when native code called. */
  restore(read: number, offset: number): void {
    state[kReadBytesOrError] = read;
    state[kArrayBufferOffset] = offset;
  },
};
