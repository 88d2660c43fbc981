import { describe, expect, test } from 'vitest';
import { linearizable } from '../../../properties/linearizability/linearizable.ts';
import type { Model } from '../../../properties/linearizability/model.ts';
import type { Consistency } from '../../../properties/linearizability/precedence.ts';
import { chart } from './chart.ts';
import { bag, counter, queue, register, set } from './models.ts';

function verdicts<State>(drawing: string, model: Model<State>) {
  const all: Consistency[] = ['linearizable', 'sequential', 'quiescent'];
  return Object.fromEntries(
    all.map((consistency) => [consistency, linearizable(chart(drawing), model, { consistency }).ok]),
  );
}

describe('FIFO queue: Herlihy and Wing 1990, figure 1', () => {
  test('H1: overlapping enqueues may take effect in either order', () => {
    const h1 = `
      A: |enq("x") ok ------------|                     |deq() "y"|   |enq("z")
      B:    |enq("y") ok|            |deq() "x" --|            `;
    expect(linearizable(chart(h1), queue)).toMatchObject({ ok: true });
  });

  test('H2: an enqueue that came first in real time cannot be overtaken', () => {
    const h2 = `
      A: |enq("x") ok|                  |deq() "y"|
      B:                |enq("y") ok|                 `;
    expect(verdicts(h2, queue)).toEqual({ linearizable: false, sequential: true, quiescent: false });
  });

  test('H3: a pending enqueue may have taken effect', () => {
    const h3 = `
      A: |enq("x")
      B:             |deq() "x"|  `;
    expect(verdicts(h3, queue)).toEqual({ linearizable: true, sequential: true, quiescent: true });
  });

  test('H4: one item is not dequeued twice', () => {
    const h4 = `
      A: |enq("x") ok --|     |deq() "y" --|
      B:   |enq("y") ok --|
      C:                         |deq() "y"  --|  `;
    expect(verdicts(h4, queue)).toEqual({ linearizable: false, sequential: false, quiescent: false });
  });
});

describe('register: Herlihy and Wing 1990, figure 2', () => {
  test('a read that overlaps a write may see the old or the new value', () => {
    const overlap = `
      A: |write(0) ok|     |write(1) ok -----------|
      B:                     |read() 0|   |read() 1|  `;
    expect(linearizable(chart(overlap), register).ok).toBe(true);
  });

  test('new and then old is the inversion that a register must not show', () => {
    const inversion = `
      A: |write(0) ok|     |write(1) ok -----------------------|
      B:                     |read() 1|           
      C:                                 |read() 0| `;
    expect(verdicts(inversion, register)).toEqual({ linearizable: false, sequential: true, quiescent: true });
  });

  test('a stale read, long after: only real time forbids it', () => {
    const stale = `
      A: |write(1) ok|
      B:                 |read() 0|  `;
    expect(verdicts(stale, register)).toEqual({ linearizable: false, sequential: true, quiescent: false });
  });

  test('a client must read its own write', () => {
    const own = `A: |write(1) ok|  |read() 0|`;
    expect(verdicts(own, register)).toEqual({ linearizable: false, sequential: false, quiescent: false });
  });
});

describe('sequential and quiescent consistency: Herlihy and Shavit, The Art of Multiprocessor Programming, chapter 3', () => {
  test('quiescent consistency ignores program order while the object is busy', () => {
    const busy = `
      A: |enq(1) ok|  |enq(2) ok|
      B:   |deq() 2 ---------------|    |deq() 1|  `;
    expect(verdicts(busy, queue)).toEqual({ linearizable: false, sequential: false, quiescent: true });
  });

  test('sequential consistency does not compose: right for each of two queues, wrong for both together', () => {
    const twoQueues: Model<Record<string, readonly unknown[]>> = {
      init: () => ({ p: [], q: [] }),
      key: ({ args }) => args[0],
      step(queues, { name, args: [which, item] }) {
        const items = queues[which as string]!;
        return name === 'enq'
          ? { state: { ...queues, [which as string]: [...items, item] } }
          : { state: { ...queues, [which as string]: items.slice(1) }, result: items[0] };
      },
    };
    const both = `
      A: |enq("p", 1) ok|  |enq("q", 1) ok|  |deq("p") 2|
      B:     |enq("q", 2) ok|  |enq("p", 2) ok|  |deq("q") 1|  `;
    const consistency = 'sequential';
    expect(linearizable(chart(both), twoQueues, { consistency }).ok).toBe(false);
    for (const name of ['p', 'q']) {
      const projection = chart(both).filter(({ args }) => args[0] === name);
      expect(linearizable(projection, twoQueues, { consistency }).ok).toBe(true);
    }
  });
});

describe('counter: Aspnes, Herlihy and Shavit 1994, counting networks', () => {
  test('a traversal overtaken within the network is quiescently consistent and not linearizable', () => {
    const network = `
      A: |inc() 2 ------------------------|
      B:    |inc() 1|
      C:                |inc() 0|  `;
    expect(verdicts(network, counter)).toEqual({ linearizable: false, sequential: true, quiescent: true });
  });

  test('a lost update is wrong under any condition', () => {
    const lost = `
      A: |inc() 0 ----|
      B:    |inc() 0 ----|  `;
    expect(verdicts(lost, counter)).toEqual({ linearizable: false, sequential: false, quiescent: false });
  });

  test('concurrent increments in any order', () => {
    const fine = `
      A: |inc() 2 ----|      |get() 3|
      B:    |inc() 0 ----|
      C:  |inc() 1 --------|  `;
    expect(linearizable(chart(fine), counter).ok).toBe(true);
  });
});

describe('set: Heller et al. 2005, the lazy list', () => {
  test('contains() that runs beside remove() and a new add() may miss the element', () => {
    const beside = `
      A: |add(7) true|   |remove(7) true|    |add(7) true|
      B:                    |contains(7) false ---------|  `;
    expect(linearizable(chart(beside), set).ok).toBe(true);
  });

  test('it may not miss an element that was there all the time', () => {
    const missed = `
      A: |add(7) true|   |remove(8) false|     |add(7) false|
      B:                    |contains(7) false ---------|  `;
    expect(linearizable(chart(missed), set)).toMatchObject({ ok: false, key: 7 });
  });

  test('two of three concurrent add() of one element cannot both succeed', () => {
    const twice = `
      A: |add(7) true --|
      B:  |add(7) true --|
      C:   |add(7) false --|  `;
    expect(verdicts(twice, set)).toEqual({ linearizable: false, sequential: false, quiescent: false });
  });
});

describe('models with a choice', () => {
  test('a bag may hand back any item, but each once', () => {
    expect(linearizable(chart(`A: |put(1) ok| |put(2) ok| |take() 2| |take() 1|`), bag).ok).toBe(true);
    expect(linearizable(chart(`A: |put(1) ok| |put(2) ok| |take() 2| |take() 2|`), bag).ok).toBe(false);
  });

  test('no transition means that the operation waits', () => {
    const waits = `
      A: |take() 5 -------|
      B:     |put(5) ok|  `;
    expect(linearizable(chart(waits), bag).ok).toBe(true);
    expect(linearizable(chart(`A: |take() 5|  |put(5) ok|`), bag).ok).toBe(false);
  });
});

test('without a history, a checker for a model', () => {
  const check = linearizable(register);
  const write = { name: 'write', args: [1], called: 1, returned: 2 };
  expect(check([write, { name: 'read', args: [], called: 3, returned: 4, result: 1 }]).ok).toBe(true);
  expect(check([write, { name: 'read', args: [], called: 3, returned: 4, result: 2 }]).ok).toBe(false);
  const sequential = linearizable(register, { consistency: 'sequential' });
  const stale = { name: 'read', args: [], called: 3, returned: 4, result: 0, client: 'b' };
  expect(sequential([{ ...write, client: 'a' }, stale]).ok).toBe(true);
});
