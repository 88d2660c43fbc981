import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Operation } from '../../../properties/linearizability/history.ts';
import { linearizable } from '../../../properties/linearizability/linearizable.ts';
import type { Model, Transition } from '../../../properties/linearizability/model.ts';
import type { Consistency } from '../../../properties/linearizability/precedence.ts';
import { bag, cell, counter, queue, register, set, wholeSet } from './models.ts';

/** `a` must come first, straight from the definitions. Times are whole numbers, so moments lie at the halves. */
function precedes(a: Operation, b: Operation, all: readonly Operation[], consistency: Consistency): boolean {
  const end = (operation: Operation) => operation.returned ?? Infinity;
  switch (consistency) {
    case 'linearizable':
      return end(a) < b.called;
    case 'sequential':
      return a.client === b.client && end(a) < b.called;
    case 'quiescent':
      for (let moment = end(a) + 0.5; moment < b.called; moment++)
        if (all.every((operation) => operation.called > moment || end(operation) < moment)) return true;
      return false;
  }
}

/** Tries every order of every choice of pending operations. */
function bruteForce<State>(history: readonly Operation[], model: Model<State>, consistency: Consistency): boolean {
  const earlier = history.map((b) => history.filter((a) => precedes(a, b, history, consistency)));
  const placed = new Set<Operation>();
  const extend = (state: State): boolean => {
    let complete = true;
    for (const [index, operation] of history.entries()) {
      if (placed.has(operation)) continue;
      complete &&= operation.returned === undefined;
      if (!earlier[index]!.every((other) => placed.has(other))) continue;
      placed.add(operation);
      if (steps(model, state, operation).some(extend)) return true;
      placed.delete(operation);
    }
    return complete;
  };
  return extend(model.init(undefined));
}

/** All results here are primitive. */
function steps<State>(model: Model<State>, state: State, operation: Operation): State[] {
  const states: State[] = [];
  for (const transition of allowed(model, state, operation)) {
    const result = 'result' in transition ? transition.result : undefined;
    if (operation.returned === undefined || Object.is(result, operation.result)) states.push(transition.state);
  }
  return states;
}

function allowed<State>(model: Model<State>, state: State, operation: Operation): readonly Transition<State>[] {
  const answer = model.step(state, operation);
  return Array.isArray(answer) ? (answer as readonly Transition<State>[]) : [answer as Transition<State>];
}

interface Subject<State> {
  readonly model: Model<State>;
  readonly calls: readonly (readonly [name: string, ...args: unknown[]])[];
  readonly lies: readonly unknown[];
}

/**
 * Clients call, the object acts, clients hear of it, in any order; now and then the answer is a lie, an action is
 * delayed until after the response, or the history ends first. Two clients share a name: their operations may overlap.
 */
function histories<State>({ model, calls, lies }: Subject<State>): fc.Arbitrary<Operation[]> {
  const clients = ['a', 'b', 'c', 'c'];
  const move = fc.record({
    client: fc.nat(clients.length - 1),
    call: fc.nat(calls.length - 1),
    lie: fc.option(fc.nat(lies.length - 1), { freq: 12 }),
    choice: fc.nat(3),
  });
  return fc.array(move, { minLength: 3, maxLength: 20, size: 'max' }).map((moves) => {
    let state = model.init(undefined);
    const history: Operation[] = [];
    const active: ({ index: number; answer?: { result: unknown } } | undefined)[] = clients.map(() => undefined);
    for (const [time, { client, call, lie, choice }] of moves.entries()) {
      const current = active[client];
      if (current === undefined) {
        if (history.length === 6) continue;
        const [name, ...args] = calls[call]!;
        active[client] = { index: history.length };
        history.push({ client: clients[client]!, name, args, called: time });
      } else if (current.answer === undefined) {
        const transitions = allowed(model, state, history[current.index]!);
        const transition = transitions[choice % Math.max(1, transitions.length)];
        if (transition === undefined) continue;
        state = transition.state;
        current.answer = { result: 'result' in transition ? transition.result : undefined };
      } else {
        const result = lie === null ? current.answer.result : lies[lie];
        history[current.index] = { ...history[current.index]!, returned: time, result };
        active[client] = undefined;
      }
    }
    return history;
  });
}

/** Operations at any time, with any of the results that their calls can have: nothing has to have acted like that. */
function guesses<State>({ model, calls }: Subject<State>): fc.Arbitrary<Operation[]> {
  const answered = calls.map(([name, ...args]) => {
    const call = { name, args };
    const results = new Set(
      [...reachable(model, calls)].flatMap((state) =>
        allowed(model, state, { ...call, called: 0 }).map((after) => ('result' in after ? after.result : undefined)),
      ),
    );
    return fc.record({ call: fc.constant(call), result: fc.constantFrom(...results) });
  });
  const operation = fc.record({
    made: fc.oneof(...answered),
    client: fc.constantFrom('a', 'b', 'c'),
    called: fc.nat(12),
    lasts: fc.integer({ min: 1, max: 6 }),
    isPending: fc.nat(7).map((n) => n === 0),
  });
  return fc.array(operation, { minLength: 1, maxLength: 6 }).map((list) => {
    const events = list.flatMap(({ called, lasts }, index) => [
      { index, time: called },
      { index, time: called + lasts },
    ]);
    // No two at the same time.
    const order = events.sort((a, b) => a.time - b.time).map(({ index }) => index);
    return list.map(({ made: { call, result }, client, isPending }, index) => {
      const begun = { ...call, client, called: order.indexOf(index) };
      return isPending ? begun : { ...begun, returned: order.lastIndexOf(index), result };
    });
  });
}

/** What two calls can lead to. */
function reachable<State>(model: Model<State>, calls: Subject<State>['calls']): Set<State> {
  const states = new Set([model.init(undefined)]);
  for (let depth = 0; depth < 2; depth++)
    for (const state of [...states])
      for (const [name, ...args] of calls)
        for (const after of allowed(model, state, { name, args, called: 0 })) states.add(after.state);
  return states;
}

const subjects = {
  register: {
    model: register,
    calls: [['write', 1], ['write', 2], ['read'], ['read']],
    lies: [0, 1, 2],
  } satisfies Subject<unknown>,
  cell: {
    model: cell,
    calls: [['write', 0], ['write', 1], ['read'], ['cas', 0, 2], ['cas', 0, 0], ['cas', 2, 0]],
    lies: [0, 1, 2, true, false],
  } satisfies Subject<unknown>,
  queue: {
    model: queue,
    calls: [['enq', 1], ['enq', 2], ['deq'], ['deq']],
    lies: [1, 2, undefined],
  } satisfies Subject<readonly unknown[]>,
  set: {
    model: wholeSet,
    calls: [
      ['add', 1],
      ['add', 2],
      ['remove', 1],
      ['contains', 1],
      ['contains', 2],
    ],
    lies: [true, false],
  } satisfies Subject<readonly unknown[]>,
  counter: { model: counter, calls: [['inc'], ['inc'], ['get']], lies: [0, 1, 2, 3] } satisfies Subject<number>,
  bag: {
    model: bag,
    calls: [['put', 1], ['put', 2], ['take']],
    lies: [1, 2],
  } satisfies Subject<readonly unknown[]>,
};

const conditions: Consistency[] = ['linearizable', 'sequential', 'quiescent'];

describe('20,000 generated histories get the verdict of a brute-force checker', () => {
  test.each(Object.entries(subjects) as [string, Subject<unknown>][])('%s', (name, subject) => {
    const seen = { true: 0, false: 0, pending: 0 };
    const property = fc.property(fc.oneof(histories(subject), guesses(subject)), (history) => {
      for (const consistency of conditions) {
        const expected = bruteForce(history, subject.model, consistency);
        const verdict = linearizable(history, subject.model, { consistency });
        must(verdict.ok === expected, `${consistency}: brute force says ${expected}`);
        seen[`${expected}`]++;
        if (verdict.ok) checkOrder(verdict.orders.get(undefined) ?? [], history, subject.model, consistency);
        else if (consistency === 'linearizable') checkPrefix(verdict.rejected, history, subject.model);
        if (name === 'set' && consistency !== 'sequential')
          must(linearizable(history, set, { consistency }).ok === expected, `${consistency}, partitioned`);
      }
      if (history.some(({ returned }) => returned === undefined)) seen.pending++;
    });
    fc.assert(property, { numRuns: 3400, seed: 20 });
    // Each verdict must be well represented, or the comparison says little.
    expect(seen.true).toBeGreaterThan(1000);
    expect(seen.false).toBeGreaterThan(1000);
    expect(seen.pending).toBeGreaterThan(1000);
  });
});

/** The order that is offered as evidence really is one. */
function checkOrder<State>(
  order: readonly Operation[],
  history: readonly Operation[],
  model: Model<State>,
  consistency: Consistency,
): void {
  let states = [model.init(undefined)];
  for (const [index, operation] of order.entries()) {
    states = states.flatMap((state) => steps(model, state, operation));
    for (let earlier = 0; earlier < index; earlier++)
      must(!precedes(operation, order[earlier]!, history, consistency), 'the order respects precedence');
  }
  must(states.length > 0, 'the model allows the order');
  must(new Set(order).size === order.length, 'no operation comes twice');
  must(
    history.every((operation) => operation.returned === undefined || order.includes(operation)),
    'no completed operation is left out',
  );
}

/** The history is fine right before the rejected response, and no longer right after it. */
function checkPrefix<State>(rejected: readonly Operation[], history: readonly Operation[], model: Model<State>): void {
  must(rejected.length === 1, 'one response ends the prefix');
  const last = rejected[0]!.returned!;
  const cut = (time: number) =>
    history
      .filter(({ called }) => called <= time)
      .map(({ returned, ...rest }): Operation =>
        returned === undefined || returned > time ? rest : { ...rest, returned },
      );
  must(bruteForce(cut(last - 1), model, 'linearizable'), 'the prefix is linearizable');
  must(!bruteForce(cut(last), model, 'linearizable'), 'no longer prefix is');
}

/** `expect` would take most of the time. */
function must(condition: boolean, claim: string): void {
  if (!condition) throw new Error(claim);
}
