import { describe, expect, test } from 'vitest';
import type { Call, Operation } from '../../../properties/linearizability/history.ts';
import { linearizable } from '../../../properties/linearizability/linearizable.ts';
import type { Model } from '../../../properties/linearizability/model.ts';
import type { Consistency } from '../../../properties/linearizability/precedence.ts';
import { chart } from './chart.ts';
import { bag, counter, queue, register, set } from './models.ts';

function message<State>(history: readonly Operation[], model: Model<State>, consistency: Consistency = 'linearizable') {
  return `\n${linearizable(history, model, { consistency }).message}\n`;
}

describe('what a failure says', () => {
  test('the history up to the response that fits no order, the order until then, and what the model answers', () => {
    const history = chart(`
      producer: |enq("x") ok|   |enq("y") ok --------|                     |enq("z") ok|
      consumer:                    |deq() "y" -|        |deq() "x"|    `);
    expect(message(history, queue)).toMatchInlineSnapshot(`
      "
      Not linearizable: deq() by consumer → 'y' fits no order.
        producer        consumer
        enq('x') → ok
        ┌ enq('y')
        │               deq() → 'y'   ◀
        └ ok
        (2 later operations are not shown)
      The longest linearizable prefix, in an order that explains it:
        1. enq('x') → ok by producer
      Next, deq() by consumer returned 'y'; the model answers 'x'.
      "
    `);
  });

  test('of a key, only the operations of that key', () => {
    const history = chart(`
      a: |add(1) true|  |add(2) true ---|   |contains(2) true|
      b:                  |add(2) true|     `);
    expect(message(history, set)).toMatchInlineSnapshot(`
      "
      Not linearizable for key 2: add(2) by a → true fits no order.
        a          b
        ┌ add(2)
        │          add(2) → true
        └ true                     ◀
        (1 later operation is not shown)
      The longest linearizable prefix, in an order that explains it:
        1. add(2) → true by b
      Next, add(2) by a returned true; the model answers false.
      "
    `);
  });

  test('an operation that took effect before its wrong response is blamed, not the one that saw the effect', () => {
    const history = chart(`
      a: |inc() 7 -----------------|
      b:            |get() 1|   `);
    expect(message(history, counter)).toMatchInlineSnapshot(`
      "
      Not linearizable: inc() by a → 7 fits no order.
        a         b
        ┌ inc()
        │         get() → 1
        └ 7                   ◀
      The longest linearizable prefix, in an order that explains it:
        1. inc() (no response yet) by a
        2. get() → 1 by b
      Number 1, inc() by a, returned 7; the model answers 0.
      "
    `);
  });

  test('pending operations, overlapping operations of one client, errors, and a model that makes them wait', () => {
    const history: Operation[] = [
      { client: 'a', name: 'put', args: [{ id: 1 }], called: 1 },
      { client: 'a', name: 'take', args: [], called: 2, returned: 5, result: { id: 1 } },
      { client: 'b', name: 'take', args: [], called: 3, returned: 4, error: new Error('closed') },
    ];
    expect(message(history, bag)).toMatchInlineSnapshot(`
      "
      Not linearizable: take() by b → threw 'Error: closed' fits no order.
        a                            a (2)         b
        ┌ put({ id: 1 }) (pending)
        │                            ┌ take()
        │                            │             take() → threw 'Error: closed'   ◀
        │                            └ { id: 1 }
      The longest linearizable prefix, in an order that explains it:
        (no operation)
      Next, take() by b threw 'Error: closed'; the model makes it wait.
      "
    `);
  });

  test('sequential consistency: the longest order, and every operation that could come next', () => {
    const history = chart(`
      a: |write(1) ok|   |read() 2|   |read() 1|
      b: |write(2) ok|   |read() 1|   |read() 2|`);
    expect(message(history, register, 'sequential')).toMatchInlineSnapshot(`
      "
      Not sequentially consistent: no order of the operations explains all results.
        a            b
        ┌ write(1)
        │            ┌ write(2)
        └ ok         │
                     └ ok
        ┌ read()
        │            ┌ read()
        └ 2          │
                     └ 1          ◀
        ┌ read()
        │            ┌ read()
        └ 1          │            ◀
                     └ 2
      The longest order that the model allows:
        1. write(1) → ok by a
        2. write(2) → ok by b
        3. read() → 2 by a
      Next, read() by a returned 1; the model answers 2.
      Next, read() by b returned 1; the model answers 2.
      "
    `);
  });

  test('quiescent consistency', () => {
    const history = chart(`
      a: |inc() 0|    |inc() 0|`);
    expect(message(history, counter, 'quiescent')).toMatchInlineSnapshot(`
      "
      Not quiescently consistent: no order of the operations explains all results.
        a
        inc() → 0
        inc() → 0   ◀
      The longest order that the model allows:
        1. inc() → 0 by a
      Next, inc() by a returned 0; the model answers 1.
      "
    `);
  });

  test('a model that throws by design', () => {
    const model: Model<number> = {
      init: () => 0,
      step: (size, { name }) =>
        name === 'push' && size === 1 ? { state: size, throws: 'full' } : { state: size + 1, result: size + 1 },
    };
    const push = (called: number, outcome: object): Operation => ({
      ...{ name: 'push', args: [], called, returned: called + 1, ...outcome },
    });
    expect(linearizable([push(1, { result: 1 }), push(3, { error: new Error('full') })], model).ok).toBe(true);
    expect(linearizable([push(1, { result: 1 }), push(3, { error: 'full' })], model).ok).toBe(true);
    expect(linearizable([push(1, { result: 1 }), push(3, { error: new Error('gone') })], model).ok).toBe(false);
    expect(message([push(1, { result: 1 }), push(3, { result: 2 })], model)).toMatchInlineSnapshot(`
      "
      Not linearizable: push() → 2 fits no order.
        client
        push() → 1
        push() → 2   ◀
      The longest linearizable prefix, in an order that explains it:
        1. push() → 1
      Next, push() returned 2; the model throws 'full'.
      "
    `);
  });
});

describe('bad input is refused in one sentence', () => {
  const get: Operation = { name: 'get', args: [], called: 1, returned: 2, result: 0 };
  const check = (step: unknown, history: readonly Operation[] = [get], more: object = {}) =>
    linearizable(history, { init: () => ({ n: 0 }), step, ...more } as Model<{ n: number }, Call>);
  const fine = (state: object) => ({ state, result: 0 });

  test.each<[string, string, () => unknown, string]>([
    [
      'a model that throws',
      'model',
      () =>
        check(() => {
          throw new TypeError('x is not a function');
        }),
      'The model threw at get(): TypeError: x is not a function',
    ],
    [
      'a model whose init throws',
      'model',
      () =>
        check(fine, [get], {
          init: () => {
            throw new Error('no');
          },
        }),
      'The model threw in init: Error: no',
    ],
    [
      'a model whose key throws',
      'model',
      () =>
        check(fine, [get], {
          key: () => {
            throw new Error('no');
          },
        }),
      'The model threw in key for get(): Error: no',
    ],
    [
      'a model whose stateKey throws',
      'model',
      () =>
        check(fine, [get], {
          stateKey: () => {
            throw new Error('no');
          },
        }),
      'The model threw in stateKey: Error: no',
    ],
    [
      'a model that returns nothing',
      'model',
      () => check(() => undefined),
      'The model returned undefined at get(); it must return { state, result } or a list of them.',
    ],
    [
      'an asynchronous model',
      'model',
      () => check(() => Promise.resolve({ state: 0 })),
      'The model returned Promise { [Object] } at get(); it must return { state, result } or a list of them.',
    ],
    [
      'a model that changes its state in place',
      'model',
      () =>
        check((state: { n: number }) => {
          state.n++;
          return { state, result: 0 };
        }),
      'The model changed a state in place; step() must return a new state and leave the old one as it is.',
    ],
    [
      'no model',
      'model',
      () => linearizable([get], undefined as unknown as Model<number>),
      'A model has two functions, init() and step(state, operation).',
    ],
    [
      'no history',
      'history',
      () => check(fine, { history: [] } as unknown as Operation[]),
      'A history is an array of operations.',
    ],
    [
      'something that is no operation',
      'history',
      () => check(fine, [get, null as unknown as Operation]),
      'Operation 2 of the history lacks a name, a list of arguments, or the time of its call.',
    ],
    [
      'a response before the call',
      'history',
      () => check(fine, [{ ...get, called: 7 }]),
      'Operation 1 of the history, get, responds at 2 but is called at 7.',
    ],
    [
      'no clients where they matter',
      'history',
      () => linearizable([get], { init: () => 0, step: (state) => ({ state }) }, { consistency: 'sequential' }),
      'Sequential consistency needs the client of every operation: pass recorded() a function that names it.',
    ],
    [
      'an unknown condition',
      'usage',
      () => linearizable([get], register, { consistency: 'eventual' as 'sequential' }),
      `Consistency is 'linearizable', 'sequential' or 'quiescent', not "eventual".`,
    ],
  ])('%s', (_, kind, call, text) => {
    expect(call).toThrow(expect.objectContaining({ name: 'StraddleError', kind, message: text }));
  });
});
