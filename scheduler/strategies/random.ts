import type { Strategy } from '../strategy.ts';

/** The random walk: each enabled operation is equally likely at every choice. */
export function random(): Strategy {
  let draw: () => number = Math.random;
  return {
    name: 'random',
    independent: true,
    begin(info) {
      draw = info.random;
      return true;
    },
    choose: (enabled) => (enabled.length === 1 ? 0 : (draw() * enabled.length) | 0),
  };
}
