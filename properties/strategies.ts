import type { Strategy } from '../scheduler/strategy.ts';
import { exhaustive } from '../scheduler/strategies/exhaustive.ts';
import { natural } from '../scheduler/strategies/natural.ts';
import { pct } from '../scheduler/strategies/pct.ts';
import { portfolio } from '../scheduler/strategies/portfolio.ts';
import { pos } from '../scheduler/strategies/pos.ts';
import { random } from '../scheduler/strategies/random.ts';
import { roundRobin } from '../scheduler/strategies/round-robin.ts';
import { urw } from '../scheduler/strategies/urw.ts';

/** The strategies that have a name. */
export const STRATEGIES = {
  portfolio,
  natural,
  random,
  pct,
  pos,
  urw,
  'round-robin': roundRobin,
  exhaustive,
} as const satisfies Record<string, () => Strategy>;

export type StrategyName = keyof typeof STRATEGIES;
