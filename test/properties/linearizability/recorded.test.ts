import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Operation } from '../../../properties/linearizability/history.ts';
import { recorded } from '../../../properties/linearizability/history.ts';
import { linearizable } from '../../../properties/linearizability/linearizable.ts';
import type { Model } from '../../../properties/linearizability/model.ts';

class Account {
  #balance = 0;
  readonly currency = 'EUR';
  balance(): number {
    return this.#balance;
  }
  deposit(amount: number): this {
    this.#balance += amount;
    return this;
  }
  async withdraw(amount: number): Promise<boolean> {
    const balance = this.balance();
    await Promise.resolve();
    if (amount > balance) throw new Error('not enough');
    this.#balance = balance - amount;
    return true;
  }
}

type AccountCall = { name: 'balance'; args: [] } | { name: 'deposit' | 'withdraw'; args: [number] };

const account: Model<number, AccountCall> = {
  init: () => 0,
  step(balance, operation) {
    if (operation.name === 'balance') return { state: balance, result: balance };
    const [amount] = operation.args;
    if (operation.name === 'deposit') return { state: balance + amount };
    return amount > balance ? { state: balance, throws: 'not enough' } : { state: balance - amount, result: true };
  },
};

describe('recorded', () => {
  test('calls, results, errors and promises, in logical time; inner calls are not operations', async () => {
    let client = 'a';
    const { object, history } = recorded(new Account(), { client: () => client });
    expect(object.deposit(5)).toBe(object);
    const first = object.withdraw(3);
    client = 'b';
    const second = object.withdraw(9);
    await expect(second).rejects.toThrow('not enough');
    await expect(first).resolves.toBe(true);
    expect(object.currency).toBe('EUR');
    expect(object).toBeInstanceOf(Account);
    expect(history).toEqual([
      { client: 'a', name: 'deposit', args: [5], called: 1, returned: 2, result: undefined },
      { client: 'a', name: 'withdraw', args: [3], called: 3, returned: 5, result: true },
      { client: 'b', name: 'withdraw', args: [9], called: 4, returned: 6, error: new Error('not enough') },
    ]);
    expect(linearizable(history as Operation<AccountCall>[], account).ok).toBe(true);
  });

  test('a race of the real object is not linearizable', async () => {
    const { object, history } = recorded(new Account());
    object.deposit(5);
    await Promise.all([object.withdraw(3), object.withdraw(4)]);
    object.balance();
    expect(linearizable(history as Operation<AccountCall>[], account).ok).toBe(false);
  });

  test('an operation without a response is pending', () => {
    const { object, history } = recorded({ wait: () => new Promise(() => undefined) });
    void object.wait();
    expect(history).toEqual([{ name: 'wait', args: [], called: 1 }]);
  });

  test('the caller gets the very promise, so that nothing moves in time', async () => {
    const promise = Promise.resolve(1);
    const { object } = recorded({ get: () => promise });
    expect(object.get()).toBe(promise);
    await promise;
  });

  test('other thenables are asked once', async () => {
    let asked = 0;
    const lazy = {
      then(resolve: (value: number) => void) {
        asked++;
        resolve(7);
      },
    };
    const { object, history } = recorded({ query: () => lazy as PromiseLike<number> });
    expect(await object.query()).toBe(7);
    expect(asked).toBe(1);
    expect(history).toMatchObject([{ name: 'query', result: 7 }]);
  });

  test('later changes do not rewrite the history', () => {
    const items: number[] = [];
    const { object, history } = recorded({ add: (more: number[]) => void items.push(...more), all: () => items });
    const argument = [1];
    object.add(argument);
    object.all();
    argument.push(2);
    object.add(argument);
    expect(history).toMatchObject([{ args: [[1]] }, { result: [1] }, { args: [[1, 2]] }]);
  });

  test('a method that is replaced or written through the wrapper is the one called and recorded', () => {
    const { object, history } = recorded({ get: (): number => 1 });
    expect(object.get()).toBe(1);
    object.get = () => 2;
    expect(object.get()).toBe(2);
    expect(history.map(({ result }) => result)).toEqual([1, 2]);
  });

  test('built-ins with internal slots work, their symbols too', () => {
    const { object, history } = recorded(new Map([['k', 1]]));
    expect(object.get('k')).toBe(1);
    expect([...object]).toEqual([['k', 1]]);
    expect(object.size).toBe(1);
    expect(history.map(({ name }) => name)).toEqual(['get']);
  });

  test('the history knows the methods of the object', () => {
    const { history } = recorded({ put: (key: string, value: number) => void [key, value], size: 3 });
    expectTypeOf(history).toEqualTypeOf<
      readonly Operation<{ readonly name: 'put'; readonly args: readonly [key: string, value: number] }>[]
    >();
    expect(
      linearizable(history, {
        init: () => 0,
        step(state, { name, args: [key, value] }) {
          expectTypeOf(name).toEqualTypeOf<'put'>();
          expectTypeOf(key).toEqualTypeOf<string>();
          return { state: state + value };
        },
      }).ok,
    ).toBe(true);
  });

  test('only objects can be recorded', () => {
    expect(() => recorded(5 as unknown as object)).toThrow('Only an object can be recorded, not 5.');
  });
});
