/** The public entry: `import { explore, check, replay } from 'straddle'`. */
export { check, explore } from '../properties/explore.ts';
export type { Decision } from '../properties/deciding.ts';
export { replay, TokenMismatchError } from '../properties/replay.ts';
export { CheckError } from '../properties/report.ts';
export type { BranchRequirement, ExploreOptions } from '../properties/options.ts';
export type {
  BranchCount,
  BranchRow,
  Failure,
  Frequency,
  Progress,
  Report,
  Statistics,
  Vacuity,
  Warning,
} from '../properties/report.ts';
export type { StrategyName } from '../properties/strategies.ts';
export type { Token } from '../scheduler/barriers.ts';
export type { Step } from '../scheduler/diagnosis.ts';
export { StraddleError } from '../scheduler/error.ts';
export type { FailureKind, Waiting } from '../scheduler/failure.ts';
export type { Hold, HoldOptions } from '../scheduler/gates.ts';
export type { EnabledOp, OpKind } from '../scheduler/op.ts';
export { point } from '../scheduler/point.ts';
export type { Reach } from '../scheduler/reach.ts';
export type { BaseOrder, OpName } from '../scheduler/schedule.ts';
export type { Barriers, Sim } from '../scheduler/sim.ts';
export type { ExecutionInfo, ExecutionOutcome, Space, Strategy } from '../scheduler/strategy.ts';
export { exhaustive, type ExhaustiveOptions } from '../scheduler/strategies/exhaustive.ts';
export { natural } from '../scheduler/strategies/natural.ts';
export { pct, type PctOptions } from '../scheduler/strategies/pct.ts';
export { portfolio } from '../scheduler/strategies/portfolio.ts';
export { pos, type PosOptions } from '../scheduler/strategies/pos.ts';
export { random } from '../scheduler/strategies/random.ts';
export { roundRobin } from '../scheduler/strategies/round-robin.ts';
export { script } from '../scheduler/strategies/script.ts';
export { urw } from '../scheduler/strategies/urw.ts';
export { showToken } from '../scheduler/token.ts';
