/** Plain data properties that change together between two values each. */
export interface Swaps {
  readonly owners: readonly object[];
  readonly names: readonly string[];
  readonly inside: unknown[];
  readonly outside: unknown[];
}

/** Each returns the places of those properties that it did not find as it expected them, or could not change. */
export interface Swapper {
  putIn(): readonly number[];
  /** From the last to the first. */
  takeOut(): readonly number[];
}

/**
 * Two functions in which each property has an inline cache of its own: a loop over the list takes ten times as long,
 * and both run in every exploration.
 */
export function swapperFor(swaps: Swaps): Swapper {
  const { parameters, places } = placesOf(swaps);
  const line = (i: number, from: string, to: string): string =>
    // An assignment that is refused does not throw here.
    `if (${places[i]} !== ${from}[${i}] || (${places[i]} = ${to}[${i}]) !== ${places[i]}) missed.push(${i});`;
  const all = places.map((_, i) => i);
  const putIn = all.map((i) => line(i, 'outside', 'inside'));
  const takeOut = all.reverse().map((i) => line(i, 'inside', 'outside'));
  const make = new Function(
    ...parameters,
    'inside',
    'outside',
    `return {
      putIn() { const missed = []; ${putIn.join('\n')} return missed; },
      takeOut() { const missed = []; ${takeOut.join('\n')} return missed; },
    };`,
  ) as (...values: unknown[]) => Swapper;
  return make(...new Set(swaps.owners), swaps.inside, swaps.outside);
}

/** Whether any of the properties has another value than its inside one, looked for in the same way. */
export function lookerFor(swaps: Omit<Swaps, 'outside'>): () => boolean {
  const { parameters, places } = placesOf(swaps);
  const looks = places.map((place, i) => `${place} !== inside[${i}]`).join(' || ');
  const make = new Function(...parameters, 'inside', `return () => ${looks || 'false'};`) as (
    ...values: unknown[]
  ) => () => boolean;
  return make(...new Set(swaps.owners), swaps.inside);
}

/** The owners' names as parameters, and each property as an expression. */
function placesOf({ owners, names }: Pick<Swaps, 'owners' | 'names'>): { parameters: string[]; places: string[] } {
  const all = [...new Set(owners)];
  const nameOf = (owner: object): string => (owner === globalThis ? 'globalThis' : `o${all.indexOf(owner)}`);
  return {
    parameters: all.map((_, i) => `o${i}`),
    places: owners.map((owner, i) => `${nameOf(owner)}[${JSON.stringify(names[i])}]`),
  };
}
