import { point } from '../../scheduler/point.ts';
import { defineCase, invariant, together, type Body } from '../catalogue/define-case.ts';
import { Waiters } from '../os/waiters.ts';

/*
 * C31: a sidecar that is slow, full, or gone.
 *
 * Every result is also written to a port, for others to read. A writer that does not wait for room drops frames; one
 * that waits without holding its place reorders them; one that throws when the port is closed fails a run whose
 * checks all passed. Frames go out in the order of the results, a full queue delays, and a closed port is a `false`.
 */

const ROOM = 1;

/** A bounded queue to a consumer that may go away. */
class Port {
  readonly queue: number[] = [];
  readonly received: number[] = [];
  closed = false;
  readonly #changed = new Waiters();

  async room(): Promise<void> {
    while (this.queue.length >= ROOM && !this.closed) {
      await this.next();
      await point('port:room');
    }
  }

  push(frame: number): void {
    invariant(this.queue.length < ROOM, 'the queue got more than it holds');
    this.queue.push(frame);
    this.change();
  }

  /** Resolves at the next change. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#changed.add(resolve));
  }

  change(): void {
    this.#changed.wake();
  }
}

/** Resolves to whether the frame was written. */
type Emit = (port: Port, frame: number) => Promise<boolean>;
type Emitter = () => Emit;

const dropping: Emitter = () => async (port, frame) => {
  if (port.closed || port.queue.length >= ROOM) return !port.closed; // <- full: dropped, and called written
  port.push(frame);
  return true;
};

/** Half a fix: waits for room. Whoever wakes up first writes first. */
const waiting: Emitter = () => async (port, frame) => {
  await port.room(); // <-
  if (port.closed) return false;
  port.push(frame);
  return true;
};

/** Fixed: in turn, and a closed port is an answer. */
const queued: Emitter = () => {
  let turn = Promise.resolve();
  return (port, frame) => {
    const written = turn.then(async () => {
      await port.room();
      if (port.closed) return false; // <-
      port.push(frame);
      return true;
    });
    turn = written.then(() => undefined); // <-
    return written;
  };
};

/** Half a fix: in turn. But a closed port is an exception. */
const throwing: Emitter = () => {
  const emit = queued();
  return async (port, frame) => {
    if (!(await emit(port, frame))) throw new Error('the port is closed'); // <-
    return true;
  };
};

function results(create: Emitter): Body {
  return async (sim) => {
    const port = new Port();
    const emit = create();
    const finalised: number[] = [];
    const written: number[] = [];
    let next = 0;
    const program = async (): Promise<void> => {
      await point('program:ends');
      const frame = next++;
      finalised.push(frame);
      if (port.queue.length >= ROOM) sim.branch('queue full');
      const ok = await emit(port, frame);
      sim.branch(ok ? 'written' : 'port closed');
      if (ok) written.push(frame);
    };
    let running = 3;
    const counted = async (): Promise<void> => {
      await program();
      running--;
      port.change();
    };
    await together(sim, {
      p1: counted,
      p2: counted,
      p3: counted,
      async consumer() {
        while (running > 0 || port.queue.length > 0) {
          if (port.queue.length === 0) {
            await port.next();
            continue;
          }
          await point('consumer:reads');
          port.received.push(port.queue.shift()!);
          port.change();
          if (port.received.length === 2 && sim.arrivals('consumer:leaves') === 0) {
            await point('consumer:leaves');
            port.closed = true;
            port.change();
          }
        }
      },
    });
    const ordered = [...port.received].sort((a, b) => a - b).join() === port.received.join();
    invariant(ordered, 'frames were reordered');
    invariant(port.received.length >= written.length, `written: ${written.join()}; received: ${port.received.join()}`);
  };
}

export const C31 = defineCase({
  id: 'C31',
  title: 'Sidecar order and backpressure',
  source: 'S4.39',
  file: 'payload/c31-sidecar.ts',
  invariant: 'Frames arrive in the order of the results; none that was written is lost; a closed port never throws.',
  points: ['program:ends', 'port:room', 'consumer:reads', 'consumer:leaves'],
  branches: ['queue full', 'port closed', 'written'],
  buggy: {
    'a full queue drops': { body: results(dropping), fails: /^error: written: /, without: 'waiting for room' },
  },
  halfFixed: {
    'waits for room': { body: results(waiting), fails: /reordered|more than it holds/, without: 'the turn' },
    'a closed port throws': {
      body: results(throwing),
      fails: /the port is closed/,
      without: 'the answer for a closed port',
    },
  },
  fixed: { 'in turn': { exhaustive: true, body: results(queued) } },
});
