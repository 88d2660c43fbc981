import { defineCase, invariant, type Body } from '../catalogue/define-case.ts';
import { point } from '../../scheduler/point.ts';
import type { Sim } from '../../src/index.ts';
import { ReadWriteLock } from './read-write-lock.ts';

/*
 * C39: operations, some of which go on beside the others.
 *
 * A test is a list of operations: read, write, remove, pause, resume, sleep; each may be asynchronous. A memory whose write
 * takes the read lock lets a read see half of a write. The runner must join what it let go, or a test ends before
 * its operations have.
 */

export type Operation = {
  readonly op: 'read' | 'write' | 'remove' | 'pause' | 'resume' | 'sleep';
  readonly async?: boolean;
};

type LockFor = <T>(lock: ReadWriteLock, writes: boolean, body: () => Promise<T>) => Promise<T>;

const readForAll: LockFor = (lock, _writes, body) => lock.shared(body); // <- a write, too
/** Fixed: a write keeps everybody else out. */
const byKind: LockFor = (lock, writes, body) => (writes ? lock.exclusive(body) : lock.shared(body)); // <-

type Join = (beside: readonly Promise<unknown>[]) => Promise<unknown>;

const joinNobody: Join = () => Promise.resolve(); // <- whoever is still at work

/** Fixed: all that was let go is waited for. */
const joinAll: Join = async (beside) => {
  await Promise.all(beside); // <-
};

/** Two words that every write sets to the same value. */
class Memory {
  readonly words = [0, 0];
  dirty = false;
  readers = 0;
  mostReaders = 0;
  /** What the last write that is complete has left. */
  whole = 0;
  served = Promise.resolve();
  #resume: (() => void) | undefined;
  readonly #lock = new ReadWriteLock();
  readonly #lockFor: LockFor;

  constructor(lockFor: LockFor) {
    this.#lockFor = lockFor;
  }

  get isPaused(): boolean {
    return this.#resume !== undefined;
  }

  async read(): Promise<readonly [first: number, second: number, last: number]> {
    await this.served;
    return this.#lockFor(this.#lock, false, async () => {
      const first = this.words[0]!;
      const last = this.whole;
      this.mostReaders = Math.max(this.mostReaders, ++this.readers);
      await point('memory:read');
      this.readers--;
      return [first, this.words[1]!, last] as const;
    });
  }

  async write(value: number): Promise<void> {
    await this.served;
    await this.#lockFor(this.#lock, true, async () => {
      this.words[0] = value;
      this.dirty = value !== 0;
      await point('memory:write');
      this.words[1] = this.whole = value;
    });
  }

  pause(): void {
    if (this.#resume === undefined) this.served = new Promise((resolve) => (this.#resume = resolve));
  }

  resume(): void {
    this.#resume?.();
    this.#resume = undefined;
    this.served = Promise.resolve();
  }
}

export function execute(operations: readonly Operation[], lockFor: LockFor = byKind, join = joinAll): Body {
  return async (sim) => {
    const memory = new Memory(lockFor);
    let ended = false;
    let late = false;
    let active = 0;
    const beside: Promise<unknown>[] = [];
    for (const [i, { op, async: isAsync }] of operations.entries()) {
      const run = async (): Promise<void> => {
        if (++active > 1) sim.branch('async overlap');
        const isFault = op === 'read' || op === 'write' || op === 'remove';
        const comesPaused = isFault && memory.isPaused;
        await perform(sim, memory, op, i + 1);
        if (comesPaused) {
          invariant(!memory.isPaused, 'a fault was served while paused');
          sim.branch('fault while paused');
        }
        active--;
        late ||= ended;
      };
      if (isAsync === true) beside.push(sim.spawn(`${op} ${i}`, run));
      else await run();
    }
    memory.resume();
    await join(beside);
    ended = true;
    await point('runner:ends');
    await Promise.all(beside);
    if (memory.mostReaders > 1) sim.branch('reads side by side');
    invariant(!late, 'the test ended before its operations');
    invariant(memory.dirty === (memory.words[0] !== 0), 'the dirty set differs from what was written');
  };
}

async function perform(sim: Sim, memory: Memory, op: Operation['op'], value: number): Promise<void> {
  switch (op) {
    case 'pause':
      memory.pause();
      return;
    case 'resume':
      memory.resume();
      return;
    case 'sleep':
      return point('runner:sleeps');
    case 'write':
      return memory.write(value);
    case 'remove':
      return memory.write(0);
    case 'read': {
      const [first, second, last] = await memory.read();
      sim.branch(first === 0 ? 'read the source' : 'read a write');
      invariant(first === second, `a read saw half of a write: ${first}, ${second}`);
      invariant(first === last, `a read saw ${first}, but the last write left ${last}`);
    }
  }
}

const overlapping: readonly Operation[] = [
  { op: 'write', async: true },
  { op: 'read', async: true },
  { op: 'pause' },
  { op: 'remove', async: true },
  { op: 'read', async: true },
  { op: 'sleep' },
  { op: 'resume' },
];

export const C39 = defineCase({
  id: 'C39',
  title: 'Mixed sync and async operations',
  source: 'S2.34 to S2.36',
  file: 'paging/c39-mixed-operations.ts',
  invariant:
    'A read sees the source or a whole write; a fault while paused completes after the resume; all are joined.',
  points: ['memory:read', 'memory:write', 'runner:sleeps', 'runner:ends'],
  branches: ['async overlap', 'fault while paused', 'read the source', 'read a write', 'reads side by side'],
  buggy: {
    'the read lock for all': {
      body: execute(overlapping, readForAll),
      fails: /half of a write|the last write left/,
      without: 'the write lock',
      forced: { script: ['memory:read', 'memory:write'] },
    },
    'nobody joined': {
      body: execute(overlapping, byKind, joinNobody),
      fails: /before its operations/,
      without: 'the join',
      forced: { script: ['runner:ends', 'memory:write'] },
    },
  },
  fixed: { 'write lock and join': { exhaustive: true, body: execute(overlapping) } },
});
