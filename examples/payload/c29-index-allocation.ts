import { point } from '../../scheduler/point.ts';
import { defineCase, invariant, together, type Body } from '../catalogue/define-case.ts';

/*
 * C29: an index that is given out twice.
 *
 * Every result gets the next number. Reading the counter, awaiting something and storing it plus one loses updates, as
 * every read-modify-write across an await does. Numbers are taken when a program ends, not when it starts, and not
 * at all where there is no result.
 */

interface Counter {
  value: number;
}

/** What a program does at its end, or from its start. Resolves to its number, or to nothing if it fails. */
type Run = (counter: Counter, fails: boolean) => Promise<number | undefined>;

const readAndStore: Run = async (counter, fails) => {
  await point('program:ends');
  if (fails) return undefined;
  const index = counter.value;
  await point('index:taken');
  counter.value = index + 1; // <- a lost update
  return index;
};

/** Half a fix: one expression, no await in it; but every program takes one. */
const takenAtStart: Run = async (counter, fails) => {
  const index = counter.value++; // <-
  await point('index:taken');
  await point('program:ends');
  return fails ? undefined : index;
};

/** Fixed: one expression, and only where there is a result. */
const takenAtEnd: Run = async (counter, fails) => {
  await point('program:ends');
  if (fails) return undefined; // <-
  const index = counter.value++; // <-
  await point('index:taken');
  return index;
};

function programs(run: Run): Body {
  return async (sim) => {
    const counter: Counter = { value: 0 };
    const finished: { name: string; index: number }[] = [];
    const order: string[] = [];
    const program = (name: string, fails: boolean) => async (): Promise<void> => {
      await point('program:starts');
      order.push(name);
      const index = await run(counter, fails);
      if (index !== undefined) finished.push({ name, index });
    };
    await together(sim, { a: program('a', false), b: program('b', false), failing: program('failing', true) });
    const byIndex = [...finished].sort((x, y) => x.index - y.index);
    const indices = byIndex.map(({ index }) => index);
    const started = order.filter((name) => name !== 'failing');
    sim.branch(byIndex.map(({ name }) => name).join() === started.join() ? 'same order' : 'reordered');
    invariant(new Set(indices).size === indices.length, 'two results have the same index');
    invariant(indices.join() === '0,1', 'a number was taken where there is no result');
  };
}

export const C29 = defineCase({
  id: 'C29',
  title: 'Index given out twice',
  source: 'S4.7',
  file: 'payload/c29-index-allocation.ts',
  invariant: 'Indices are unique and dense; failures take none.',
  points: ['program:starts', 'program:ends', 'index:taken'],
  branches: ['same order', 'reordered'],
  buggy: {
    'read, await, store': {
      body: programs(readAndStore),
      fails: /the same index/,
      without: 'read and increment in one step',
      forced: { script: ['a at program:ends', 'b at program:ends', 'a at index:taken', 'b at index:taken'] },
    },
  },
  halfFixed: {
    'taken at the start': {
      body: programs(takenAtStart),
      fails: /no result/,
      without: 'taking at the end',
      forced: { script: ['failing at program:starts', 'a at program:starts', 'b at program:starts'] },
    },
  },
  fixed: { 'incremented at once, at the end': { exhaustive: true, body: programs(takenAtEnd) } },
});
