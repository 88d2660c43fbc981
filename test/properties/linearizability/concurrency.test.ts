import { describe, expect, test } from 'vitest';
import type { Operation } from '../../../properties/linearizability/history.ts';
import { linearizable } from '../../../properties/linearizability/linearizable.ts';
import type { Model, Transition } from '../../../properties/linearizability/model.ts';
import { cell, counter, queue, register, set, wholeSet } from './models.ts';
import seedrandom from 'seedrandom';

/** 20 clients call before any response; the object acts in a random order, and the responses come in another. */
function allAtOnce<State>(model: Model<State>, calls: (index: number) => [string, ...unknown[]], seed: string) {
  const random = seedrandom(seed);
  const shuffled = () => Array.from({ length: 20 }, (_, index) => [random(), index] as const).sort(([a], [b]) => a - b);
  const responses = shuffled();
  const history = responses.map(([, rank], index): Operation => {
    const [name, ...args] = calls(index);
    return { client: `c${index}`, name, args, called: index, returned: 100 + rank };
  });
  const states = new Map<unknown, State>();
  for (const [, index] of shuffled()) {
    const operation = history[index]!;
    const key = model.key?.(operation);
    const transition = model.step(states.get(key) ?? model.init(key), operation) as Transition<State>;
    states.set(key, transition.state);
    history[index] = { ...operation, result: 'result' in transition ? transition.result : undefined };
  }
  return history;
}

const setCalls = (index: number): [string, number] => [['add', 'remove', 'contains'][index % 3]!, index % 4];

/** An operation as its name and arguments are written. */
function operation(text: string, called: number, returned: number, result?: unknown): Operation {
  const [, name, args] = /^(\w+)(?:\((.*)\))?$/.exec(text)!;
  return { name: name!, args: JSON.parse(`[${args ?? ''}]`) as unknown[], called, returned, result };
}

describe('20 operations that all overlap', () => {
  const subjects: [string, Model<never>, (index: number) => [string, ...unknown[]]][] = [
    ['register', register as Model<never>, (index) => (index % 2 ? ['write', index] : ['read'])],
    ['queue', queue as Model<never>, (index) => (index % 2 ? ['enq', index] : ['deq'])],
    ['counter', counter as Model<never>, (index) => [index % 4 ? 'inc' : 'get']],
    ['set by element', set as Model<never>, setCalls],
    ['set as a whole', wholeSet as Model<never>, setCalls],
  ];

  test.each(subjects)('%s: an order is found among 20!, in well under a second', (_, model, calls) => {
    for (let seed = 0; seed < 20; seed++) {
      const before = performance.now();
      const verdict = linearizable(allAtOnce(model, calls, `s${seed}`), model);
      expect(verdict.ok).toBe(true);
      expect(verdict.configurations).toBeLessThan(1000);
      expect(performance.now() - before).toBeLessThan(1000);
    }
  });

  test('register: that no order exists takes the sets of 10 writes, not the orders of 20 operations', () => {
    const history = allAtOnce(register, (index) => (index % 2 ? ['write', index] : ['read']), 'a');
    const wrong = history.findIndex(({ name }) => name === 'read');
    history[wrong] = { ...history[wrong]!, result: 99 };
    const verdict = linearizable(history, register);
    expect(verdict.ok).toBe(false);
    expect(verdict.configurations).toBeLessThan(10 * 2 ** 10);
  });

  test('counter: a lost update among 20', () => {
    const history = allAtOnce(counter, () => ['inc'], 'b');
    history[3] = { ...history[3]!, result: history[4]!.result };
    const verdict = linearizable(history, counter);
    expect(verdict.ok).toBe(false);
    expect(verdict.configurations).toBeLessThan(1000);
  });

  test('an operation that leaves the state alone only at first is still placed where it belongs', () => {
    // clear() changes nothing before add(); a search that relied on this for good would place it too early.
    const model: Model<number> = {
      init: () => 0,
      step: (size, { name }) => {
        if (name === 'add') return { state: size + 1 };
        return name === 'clear' ? { state: 0 } : { state: size, result: size };
      },
    };
    const history = [operation('clear', 0, 9), operation('add', 1, 2), operation('size', 10, 11, 0)];
    expect(linearizable(history, model).ok).toBe(true);
  });

  test('nor does another one that leaves the state alone keep it early', () => {
    // Right after each other, write(0) and cas(0, 0) change nothing at first; but cas(0, 2) comes before both.
    const history = [
      operation('cas(0, 2)', 0, 9, true),
      operation('write(0)', 1, 2),
      operation('cas(0, 0)', 3, 4, true),
      operation('cas(0, 0)', 10, 11, true),
    ];
    expect(linearizable(history, cell).ok).toBe(true);
  });
});

describe('long histories', () => {
  /** Operation i overlaps its four neighbours; writes of i, each followed by two reads of it. */
  const history = Array.from({ length: 600 }, (_, i): Operation => {
    const write = i % 3 === 0;
    const timing = { called: 2 * i, returned: 2 * i + 9.5 };
    return write
      ? { name: 'write', args: [i], ...timing, result: undefined }
      : { name: 'read', args: [], ...timing, result: i - (i % 3) };
  });

  test('cost a few configurations an operation', () => {
    const verdict = linearizable(history, register);
    expect(verdict.ok).toBe(true);
    expect(verdict.configurations).toBeLessThan(5 * history.length);
  });

  test('one wrong read near the end is found, and everything before it ordered', () => {
    const wrong = history.with(590, { ...history[590]!, result: 3 });
    const verdict = linearizable(wrong, register);
    expect(verdict).toMatchObject({ ok: false, rejected: [wrong[590]] });
    expect(!verdict.ok && verdict.prefix.length).toBeGreaterThan(588);
  });

  test('keys make many overlapping operations cheap', () => {
    const writes = Array.from({ length: 300 }, (_, i): Operation => ({
      ...{ name: i < 150 ? 'add' : 'contains', args: [i % 150], called: i, returned: 1000 + i, result: true },
    }));
    const verdict = linearizable(writes, set);
    expect(verdict).toMatchObject({ ok: true });
    expect(verdict.configurations).toBe(450);
  });
});

test('a search that would outgrow memory gives up in one sentence', () => {
  const history = Array.from({ length: 20 }, (_, i): Operation => ({
    ...{ name: i < 10 ? 'enq' : 'deq', args: [i], called: i, returned: 50 + i, result: i < 10 ? undefined : 10 },
  }));
  expect(() => linearizable(history, queue)).toThrow(
    expect.objectContaining({
      kind: 'too-concurrent',
      message:
        'The check gave up after 100,020 states: too many operations overlap; give the model a key, or check a shorter history.',
    }),
  );
});
