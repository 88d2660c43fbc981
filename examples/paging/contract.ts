import type { Contract } from '../../src/remote/index.ts';

/** Bytes of a page: two words of 32 bits. */
export const PAGE_BYTES = 8;

/**
 * - `missing`: never touched; the first access is a fault that is answered from the source.
 * - `present`: there, as the source has it, or zero after a removal.
 * - `dirty`: written since.
 * - `removed`: given back; the next access is a fault that is answered with zeroes.
 */
export type PageState = 'missing' | 'present' | 'dirty' | 'removed';

/** The settled snapshot of the page table. */
export interface Snapshot {
  readonly states: readonly PageState[];
  /** Whether the memory itself has the page. */
  readonly mapped: readonly boolean[];
}

export interface Load {
  readonly operations: number;
  /** How many are under way at the same time. */
  readonly parallel: number;
  /** Every how many operations is a write; 0: none. */
  readonly writeEvery: number;
}

/** What parent and child agree on. */
export interface Paging extends Contract {
  readonly config: {
    /** The source: what the pages contain when they are first touched. */
    readonly content: Uint8Array;
    readonly workers: number;
    /** Which of the ways to get it wrong; default: none. */
    readonly broken?: string;
  };
  readonly state: Snapshot;
  readonly calls: {
    read(page: number): Promise<number>;
    write(page: number, value: number): Promise<void>;
    /** Gives the page back, as `madvise` does. */
    remove(page: number): Promise<void>;
    /** Runs a whole load inside the child, so that no message is in its hot loop. The number of faults. */
    load(load: Load): Promise<number>;
  };
}

/** A source whose pages contain 1, 2, 3, … */
export function countingContent(pages: number): Uint8Array {
  const words = Uint32Array.from({ length: pages * 2 }, (_, i) => 1 + (i >> 1));
  return new Uint8Array(words.buffer);
}

/** What is wrong with a snapshot, in one sentence; undefined if it is the state at one instant. */
export function torn({ states, mapped }: Snapshot): string | undefined {
  const page = states.findIndex((state, i) => mapped[i] !== (state === 'present' || state === 'dirty'));
  if (page < 0) return undefined;
  return `page ${page} is ${states[page]!} in the table, but memory ${mapped[page]! ? 'has' : 'lacks'} it`;
}
