import type { Strategy } from '../scheduler/strategy.ts';
import { natural } from '../scheduler/strategies/natural.ts';
import { portfolio } from '../scheduler/strategies/portfolio.ts';
import { random } from '../scheduler/strategies/random.ts';

/** The strategies that have a name. */
export const STRATEGIES = {
  portfolio,
  natural,
  random,
} as const satisfies Record<string, () => Strategy>;

export type StrategyName = keyof typeof STRATEGIES;
