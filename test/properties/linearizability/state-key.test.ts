import { expect, test } from 'vitest';
import { stateKeys } from '../../../properties/linearizability/state-key.ts';

class Box {
  readonly #inside: number;
  constructor(inside: number) {
    this.#inside = inside;
  }
  get inside() {
    return this.#inside;
  }
}

test('different states have different keys', () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const states = [
    ...[undefined, null, true, 'true', 0, -0, 1, '1', 1n, NaN, '', 'undefined'],
    ...[[], {}, [undefined], [[]], [1, 2], [2, 1], ['1,2'], ['1', '2'], ['a","b'], ['a', 'b'], cyclic, [[[]]]],
    ...[{ a: 1 }, { a: 1, b: undefined }, { b: 1, a: 2 }, { a: 2, b: 1 }, { [Symbol.iterator]: 1 }],
    ...[new Map(), new Set(), new Map([[1, [2]]]), new Map([[[1], 2]]), new Set([1, 2]), new Set([2, 1])],
    // Recency order of a cache.
    ...[new Map([['a', 1], ['b', 1]]), new Map([['b', 1], ['a', 1]])], // prettier-ignore
    ...[new Date(0), new Date(1), new Box(1), new Box(2), () => 1, () => 2, Symbol('a'), Symbol('a')],
  ];
  const key = stateKeys();
  const keys = states.map(key);
  expect(new Set(keys).size).toBe(states.length);
  expect(states.map(key)).toEqual(keys);
});

test('equal plain data has equal keys', () => {
  const key = stateKeys();
  const make = () => [{ items: [1, 'a', { deep: new Map([['k', new Set([null])]]) }], at: new Date(5) }];
  expect(key(make())).toBe(key(make()));
  // Shared, not cyclic.
  const shared = [1];
  expect(key([shared, shared])).toBe(key([[1], [1]]));
});
