/** The entry for fast-check users: `import { interleavings } from 'straddle/fast-check'`. */
export { currentSim } from '../properties/fast-check/current.ts';
export { interleavedModelRun } from '../properties/fast-check/interleaved-model-run.ts';
export { schedules, type Schedule, type ScheduleOptions } from '../properties/fast-check/schedules.ts';
export { schedulerFrom } from '../properties/fast-check/scheduler-from.ts';
export {
  interleavings,
  type InterleavingsOptions,
  type InterleavingsPlugin,
} from '../properties/fast-check/interleavings.ts';
export type { Call, CallsOf, Operation, Recording, Timing } from '../properties/linearizability/history.ts';
export { recorded } from '../properties/linearizability/history.ts';
export { linearizable, type Explained, type Unexplained } from '../properties/linearizability/linearizable.ts';
export type { Model, Transition } from '../properties/linearizability/model.ts';
export type { Consistency } from '../properties/linearizability/precedence.ts';
export { StraddleError } from '../scheduler/error.ts';
export { CheckError } from '../properties/report.ts';
