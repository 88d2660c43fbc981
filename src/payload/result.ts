import { channel } from 'node:diagnostics_channel';
import type { StreamName } from './capture.ts';
import { evaluateChecks, type CheckFailure } from './checks.ts';
import { extractJsonMetrics, type Leaf } from './json-metrics.ts';
import { resolvePolarities, type Metric } from './metrics.ts';
import type { Plan } from './plan.ts';
import type { Output } from './tree.ts';

/** The numbers of one finished payload: what the channel `straddle:payload:metrics` carries. */
export interface PayloadMetrics {
  readonly payload: string;
  /** 0 for the first result of this process, then 1, 2, … in the order in which the payloads were concluded. */
  readonly index: number;
  readonly exitCode: number;
  readonly metrics: readonly Metric[];
}

/** All that is known about a finished payload, as plain data. A time-out and a failed check are results, not errors. */
export interface PayloadResult extends PayloadMetrics, Output {
  /** Every check held. A payload without checks passes, timed out or not. */
  readonly pass: boolean;
  readonly failures: readonly CheckFailure[];
}

type Extract = (text: string) => readonly Leaf[];

/** Publishes the metrics of every finished payload before its checks are judged, for `node:diagnostics_channel`. */
export const METRICS_CHANNEL = 'straddle:payload:metrics';
const metricsChannel = channel(METRICS_CHANNEL);

let nextIndex = 0;

/** Makes the one result of a payload: metrics, then its index, then publication, then the checks. */
export function conclude(plan: Plan, output: Output, extract: Extract = extractJsonMetrics): PayloadResult {
  const metrics = plan.output === 'json' ? resolvePolarities(readMetrics(output, extract), plan.hints) : [];
  const published: PayloadMetrics = { payload: plan.name, index: nextIndex++, exitCode: output.exitCode, metrics };
  publish(published);
  const failures = evaluateChecks(plan.checks, { ...output, metrics });
  return { ...published, ...output, pass: failures.length === 0, failures };
}

/** False if nobody listens, as is usual. Node keeps an error that a listener throws away from us. */
export function publish(metrics: PayloadMetrics): boolean {
  if (!metricsChannel.hasSubscribers) return false;
  metricsChannel.publish(metrics);
  return true;
}

/**
 * The numbers on stdout or, only if it has none, those on stderr. The streams are read by themselves and have no
 * order between them: put together they would mean something else from run to run.
 */
export function readMetrics(output: Pick<Output, StreamName>, extract: Extract): readonly Metric[] {
  const read = (stream: StreamName): readonly Metric[] =>
    extract(output[stream]).map(([name, value]) => ({ name, value, stream, polarity: 'unknown', unit: '' }));
  const metrics = read('stdout');
  return metrics.length === 0 && output.stderr !== '' ? read('stderr') : metrics;
}
