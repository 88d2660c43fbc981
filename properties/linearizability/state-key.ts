/**
 * A function that writes states as texts, such that two states have the same text only if no model can tell them
 * apart: the memory of the search is exact or it is wrong. Plain data is written out, with the order of maps, sets
 * and properties, because a model may rely on it (an LRU cache in a map). Class instances, functions and symbols may hide
 * something, so they are numbered and equal only themselves.
 */
export function stateKeys(): (state: unknown) => string {
  const numbers = new Map<unknown, number>();

  const identity = (value: unknown): string => {
    if (!numbers.has(value)) numbers.set(value, numbers.size);
    return `#${numbers.get(value)}`;
  };

  const above: unknown[] = [];

  const list = (values: Iterable<unknown>): string => {
    let text = '';
    for (const value of values) text += `${write(value)},`;
    return text;
  };

  const plain = (value: object): string => {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Array.prototype) return `[${list(value as unknown[])}]`;
    if (prototype === Object.prototype || prototype === null)
      return `{${list(Reflect.ownKeys(value).flatMap((key) => [key, Reflect.get(value, key) as unknown]))}}`;
    if (prototype === Map.prototype) return `Map(${list([...(value as Map<unknown, unknown>)].flat())})`;
    if (prototype === Set.prototype) return `Set(${list(value as Set<unknown>)})`;
    if (prototype === Date.prototype) return `Date(${(value as Date).getTime()})`;
    return identity(value);
  };

  const write = (value: unknown): string => {
    switch (typeof value) {
      case 'string':
        return JSON.stringify(value);
      case 'number':
        return Object.is(value, -0) ? '-0' : String(value);
      case 'bigint':
        return `${value}n`;
      case 'symbol':
      case 'function':
        return identity(value);
      case 'object': {
        if (value === null) return 'null';
        const cycle = above.indexOf(value);
        if (cycle >= 0) return `^${cycle}`;
        above.push(value);
        const text = plain(value);
        above.pop();
        return text;
      }
      case 'boolean':
      case 'undefined':
        return String(value);
    }
  };

  return write;
}
