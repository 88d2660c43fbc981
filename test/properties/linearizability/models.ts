import type { Model, Transition } from '../../../properties/linearizability/model.ts';

/** The sequential objects of the literature. Arguments are taken as they come: histories are written by hand. */

export const register: Model<unknown> = {
  init: () => 0,
  step: (value, { name, args }) => (name === 'write' ? { state: args[0] } : { state: value, result: value }),
};

/** A register with compare-and-set; many calls leave the state alone, depending on the state. */
export const cell: Model<unknown> = {
  init: () => 0,
  step(value, { name, args }) {
    if (name !== 'cas') return register.step(value, { name, args, called: 0 });
    return value === args[0] ? { state: args[1], result: true } : { state: value, result: false };
  },
};

/** An empty queue gives `undefined`. */
export const queue: Model<readonly unknown[]> = {
  init: () => [],
  step: (items, { name, args }) =>
    name === 'enq' ? { state: [...items, args[0]] } : { state: items.slice(1), result: items[0] },
};

/** One element each, because operations on different elements do not affect each other. */
export const set: Model<boolean> = {
  init: () => false,
  key: ({ args }) => args[0],
  step(present, { name }) {
    if (name === 'add') return { state: true, result: !present };
    if (name === 'remove') return { state: false, result: present };
    return { state: present, result: present };
  },
};

/** The same as one object, to compare with. */
export const wholeSet: Model<readonly unknown[]> = {
  init: () => [],
  step(items, operation) {
    const [element] = operation.args;
    const { state, result } = set.step(items.includes(element), operation) as Transition<boolean> & { result: boolean };
    const others = items.filter((item) => item !== element);
    return { state: (state ? [...others, element] : others).sort(), result };
  },
};

/** Takes the value before and adds one. */
export const counter: Model<number> = {
  init: () => 0,
  step: (count, { name }) => ({ state: name === 'inc' ? count + 1 : count, result: count }),
};

/** Hands back any of its items: a model with more than one answer, and none when it is empty. */
export const bag: Model<readonly unknown[]> = {
  init: () => [],
  step: (items, { name, args }) =>
    name === 'put'
      ? { state: [...items, args[0]] }
      : items.map((result, index) => ({ state: items.toSpliced(index, 1), result })),
};
