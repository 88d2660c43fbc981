import { point } from '../../scheduler/point.ts';
import { defineCase, invariant, together, type Body } from '../catalogue/define-case.ts';

/*
 * C28: a handle that is consumed twice.
 *
 * `wait`, `kill` and `tryWait` each end in one result. Called at the same time on one handle, each reads the child,
 * awaits its end, and clears it afterwards: two results, two indices, two emissions. Rust's ownership forbids it;
 * here the child must be taken before the first await.
 */

interface Result {
  readonly by: string;
  readonly index: number;
}

interface Handle {
  wait(): Promise<Result>;
  kill(): Promise<Result>;
  /** Undefined while the child runs. */
  tryWait(): Promise<Result | undefined>;
}

/** What a process counts and sends out. */
class Ledger {
  index = 0;
  readonly emitted: string[] = [];

  async finish(by: string): Promise<Result> {
    const index = this.index++;
    await point('emit');
    this.emitted.push(by);
    return { by, index };
  }
}

const consumed = (): Error => new Error("the handle for 'fio' was consumed by a call before");

type IsExited = () => boolean;

function clearedLate(ledger: Ledger): Handle {
  let child: 'running' | undefined = 'running';
  const end = async (by: string): Promise<Result> => {
    if (child === undefined) throw consumed();
    await point(`${by}:ends`);
    child = undefined; // <- others have read it meanwhile
    return ledger.finish(by);
  };
  return { wait: () => end('wait'), kill: () => end('kill'), tryWait: () => end('tryWait') };
}

/** Half a fix: `wait` and `kill` take it, `tryWait` looks and takes later. */
function tryWaitLate(ledger: Ledger, isExited: IsExited): Handle {
  let child: 'running' | undefined = 'running';
  const end = async (by: string): Promise<Result> => {
    if (child === undefined) throw consumed();
    child = undefined; // <-
    await point(`${by}:ends`);
    return ledger.finish(by);
  };
  return {
    wait: () => end('wait'),
    kill: () => end('kill'),
    async tryWait() {
      if (child === undefined) throw consumed();
      await point('tryWait:ends'); // <- is it running?
      if (!isExited()) return undefined;
      child = undefined;
      return ledger.finish('tryWait');
    },
  };
}

/** Fixed: taken in the step in which it is looked at; given back if it turns out to run still. */
function takenFirst(ledger: Ledger, isExited: IsExited): Handle {
  let child: 'running' | undefined = 'running';
  const take = (): void => {
    if (child === undefined) throw consumed();
    child = undefined; // <-
  };
  const end = async (by: string): Promise<Result> => {
    take();
    await point(`${by}:ends`);
    return ledger.finish(by);
  };
  return {
    wait: () => end('wait'),
    kill: () => end('kill'),
    async tryWait() {
      take();
      await point('tryWait:ends');
      if (!isExited()) {
        child = 'running'; // <-
        return undefined;
      }
      return ledger.finish('tryWait');
    },
  };
}

type Call = keyof Handle;

/** @param exited whether the child has exited before anybody calls. */
function consume(
  create: (ledger: Ledger, isExited: IsExited) => Handle,
  first: Call,
  second: Call,
  exited = true,
): Body {
  return async (sim) => {
    const ledger = new Ledger();
    const handle = create(ledger, () => exited);
    const results: Result[] = [];
    const call = (name: Call) => async (): Promise<void> => {
      await point(`${name}:call`);
      let result: Result | undefined;
      try {
        result = await handle[name]();
      } catch (error) {
        invariant((error as Error).message.includes("'fio'"), 'the error does not name the program');
        sim.branch('already consumed');
        return;
      }
      invariant(!exited || result !== undefined, 'a child that has exited is said to run');
      if (result === undefined) sim.branch('still running');
      else results.push(result);
    };
    await together(sim, { [`${first} 1`]: call(first), [`${second} 2`]: call(second) });
    // Whoever was told that the child is running has given it back.
    if (results.length === 0) results.push(await handle.wait());
    if (results[0]?.by === first) sim.branch('first wins');
    if (results[0]?.by === second) sim.branch('second wins');
    invariant(results.length <= 1, `${results.length} results of one handle`);
    invariant(ledger.emitted.length === results.length, 'emitted more than once');
  };
}

const everyPair =
  (exited: boolean): Body =>
  async (sim) => {
    const calls = ['wait', 'kill', 'tryWait'] as const;
    for (const first of calls) for (const second of calls) await consume(takenFirst, first, second, exited)(sim);
  };

export const C28 = defineCase({
  id: 'C28',
  title: 'Handle consumed twice',
  source: 'S4.24, S4.25, T64 to T66',
  file: 'payload/c28-double-consume.ts',
  invariant: 'One result, one index, one emission; whoever comes second is told so by name.',
  points: ['wait:call', 'kill:call', 'tryWait:call', 'wait:ends', 'kill:ends', 'tryWait:ends', 'emit'],
  branches: ['first wins', 'second wins', 'already consumed', 'still running'],
  buggy: {
    'cleared after the await': {
      body: consume(clearedLate, 'wait', 'kill'),
      fails: /2 results/,
      without: 'taking before the first await',
      forced: { script: ['wait:call', 'kill:call', 'wait:ends', 'kill:ends'] },
    },
  },
  halfFixed: {
    'tryWait takes late': {
      body: consume(tryWaitLate, 'tryWait', 'wait'),
      fails: /2 results/,
      without: 'taking in tryWait too',
    },
  },
  fixed: {
    'taken first': { body: everyPair(false) },
    'taken first, of a child that has exited': {
      body: everyPair(true),
      branches: ['first wins', 'second wins', 'already consumed'],
    },
  },
});
