import type { StreamName } from './capture.ts';

export type Polarity = 'higher-better' | 'lower-better' | 'unknown';

/** One number that a program reported. */
export interface Metric {
  /** The dotted path in the program's JSON, such as `jobs.0.read.iops`. */
  readonly name: string;
  readonly value: number;
  /** The stream that it was read from. */
  readonly stream: StreamName;
  /** `unknown` unless the program's hints say otherwise. */
  readonly polarity: Polarity;
  /** Empty unless the program's hints say otherwise. */
  readonly unit: string;
}

/** What is known beforehand about a metric that a program will report. */
export interface MetricHint {
  readonly name: string;
  readonly polarity: Polarity;
  /** Default: the empty string. */
  readonly unit?: string;
}

/** The metrics with polarity and unit of the hints of the same name. Of two hints for one name the later counts. */
export function resolvePolarities(metrics: readonly Metric[], hints: readonly MetricHint[]): readonly Metric[] {
  if (hints.length === 0) return metrics;
  const byName = new Map(hints.map((hint) => [hint.name, hint]));
  return metrics.map((metric) => {
    const hint = byName.get(metric.name);
    return hint ? { ...metric, polarity: hint.polarity, unit: hint.unit ?? '' } : metric;
  });
}

/** The value of the first metric of that name, or `undefined`. Takes a result or a list of metrics. */
export function metricValue(
  from: readonly Metric[] | { readonly metrics: readonly Metric[] },
  name: string,
): number | undefined {
  const metrics = 'metrics' in from ? from.metrics : from;
  return metrics.find((metric) => metric.name === name)?.value;
}
