import { point } from '../../scheduler/point.ts';
import { defineCase, invariant, together, type Body } from '../catalogue/define-case.ts';

/*
 * C28: a handle that is consumed twice.
 *
 * `wait`, `kill` and `tryWait` each end in one result, `dispose` in none. Called at the same time on one handle, each
 * reads the child, awaits its end, and clears it afterwards: two results, two indices, two emissions. Rust's ownership
 * forbids it; here the child must be taken before the first await.
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
  /** Kills and reaps a child that nobody has consumed; says whether there was one. */
  dispose(): Promise<boolean>;
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
  return {
    wait: () => end('wait'),
    kill: () => end('kill'),
    tryWait: () => end('tryWait'),
    async dispose() {
      if (child === undefined) return false;
      await point('dispose:ends');
      child = undefined;
      return true;
    },
  };
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
    async dispose() {
      if (child === undefined) return false;
      child = undefined;
      await point('dispose:ends');
      return true;
    },
  };
}

/** Fixed: taken in the step in which it is looked at; given back if it turns out to run still. */
function takenFirst(ledger: Ledger, isExited: IsExited): Handle {
  let child: 'running' | undefined = 'running';
  let looking: Promise<void> | undefined;
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
      looking = point('tryWait:ends').then(() => {
        looking = undefined;
        if (!isExited()) child = 'running'; // <-
      });
      await looking;
      return isExited() ? ledger.finish('tryWait') : undefined;
    },
    async dispose() {
      while (looking !== undefined) await looking; // <- who looks may give it back
      if (child === undefined) return false;
      child = undefined;
      await point('dispose:ends');
      return true;
    },
  };
}

/** Half a fix: while somebody looks, nothing is there to dispose of. */
function disposedMeanwhile(ledger: Ledger, isExited: IsExited): Handle {
  const handle = takenFirst(ledger, isExited);
  let looks = 0;
  return {
    ...handle,
    async tryWait() {
      looks++;
      try {
        return await handle.tryWait();
      } finally {
        looks--;
      }
    },
    dispose: async () => looks === 0 && handle.dispose(), // <- whoever looks may give it back
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
    const consumers: Call[] = [];
    let isDisposed = false;
    const ask = async (name: Exclude<Call, 'dispose'>): Promise<void> => {
      const result = await handle[name]();
      invariant(!exited || result !== undefined, 'a child that has exited is said to run');
      if (result === undefined) return sim.branch('still running');
      results.push(result);
      consumers.push(name);
    };
    const call = (name: Call) => async (): Promise<void> => {
      await point(`${name}:call`);
      if (name === 'dispose') {
        if (await handle.dispose()) consumers.push(name);
        isDisposed = true;
        return;
      }
      try {
        await ask(name);
      } catch (error) {
        invariant((error as Error).message.includes("'fio'"), 'the error does not name the program');
        sim.branch('already consumed');
      }
    };
    await together(sim, { [`${first} 1`]: call(first), [`${second} 2`]: call(second) });
    if (consumers.length === 0) {
      // Whoever was told that the child is running has given it back.
      invariant(!isDisposed, 'the child lives on, disposed of');
      results.push(await handle.wait());
    } else if (first !== second) sim.branch(won(consumers[0]!, consumers[0] === first ? second : first));
    invariant(results.length <= 1, `${results.length} results of one handle`);
    invariant(consumers.length <= 1, 'disposed of, and consumed');
    invariant(ledger.emitted.length === results.length, 'emitted more than once');
  };
}

const CALLS = ['wait', 'kill', 'tryWait', 'dispose'] as const;

const won = (one: Call, other: Call): string => `${one} before ${other}`;

/** Each of `winners` before each other call. */
const pairs = (winners: readonly Call[]): string[] =>
  winners.flatMap((one) => CALLS.filter((other) => other !== one).map((other) => won(one, other)));

const everyPair =
  (exited: boolean): Body =>
  async (sim) => {
    for (const [i, first] of CALLS.entries())
      for (const second of CALLS.slice(i)) await consume(takenFirst, first, second, exited)(sim);
  };

export const C28 = defineCase({
  id: 'C28',
  title: 'Handle consumed twice',
  source: 'S4.24, S4.25, T64 to T66',
  file: 'payload/c28-double-consume.ts',
  invariant: 'One result, one index, one emission; whoever comes second is told so by name.',
  points: [...CALLS.map((name) => `${name}:call`), ...CALLS.map((name) => `${name}:ends`), 'emit'],
  // Who only looks at a child that runs consumes nothing.
  branches: [...pairs(['wait', 'kill', 'dispose']), 'already consumed', 'still running'],
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
    'dispose does not wait for a look': {
      body: consume(disposedMeanwhile, 'tryWait', 'dispose', false),
      fails: /lives on, disposed of/,
      without: 'waiting for whoever may give it back',
      forced: { script: ['tryWait:call', 'dispose:call', 'tryWait:ends'] },
    },
  },
  fixed: {
    'taken first': { body: everyPair(false) },
    'taken first, of a child that has exited': {
      body: everyPair(true),
      branches: [...pairs(CALLS), 'already consumed'],
    },
  },
});
