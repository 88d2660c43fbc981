/** `straddle/payload`: starts, watches, measures and ends external programs, and leaves nothing behind. */
export { payload, type PayloadBuilder } from './builder.ts';
export type { Placement, Plan, Program } from './plan.ts';
export type { Cgroup } from './cgroup.ts';
export type { ProcessGroup } from './process-group.ts';
export type { PayloadHandle } from './handle.ts';
export { METRICS_CHANNEL, type PayloadMetrics, type PayloadResult } from './result.ts';
export type { Output } from './tree.ts';
export type { StreamName } from './capture.ts';
export { exists, exitCodeEq, max, min, range, type Check, type CheckFailure } from './checks.ts';
export { metricValue, type Metric, type MetricHint, type Polarity } from './metrics.ts';
export { liveHandles, type LiveHandle } from './live.ts';
