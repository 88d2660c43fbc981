import type { Strategy } from '../strategy.ts';
import { natural } from './natural.ts';
import { random } from './random.ts';

/** The default: natural order first, then the random walk. */
export function portfolio(): Strategy {
  const first = natural();
  const rest = random();
  let active = first;
  return {
    get name() {
      return active.name;
    },
    get single() {
      return active.single === true;
    },
    begin(info) {
      active = info.execution === 1 ? first : rest;
      return active.begin(info);
    },
    choose: (enabled, step) => active.choose(enabled, step),
    get join() {
      return active.join;
    },
  };
}
