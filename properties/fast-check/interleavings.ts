import fc from 'fast-check';
import { StraddleError } from '../../scheduler/error.ts';
import { settle, type ExploreOptions } from '../options.ts';
import { Property } from './property.ts';
import { ReplayedProperty } from './replayed-property.ts';

/** Schedules per value, unless the options say otherwise. */
const RUNS = 100;

export interface InterleavingsOptions extends Omit<ExploreOptions, 'expect' | 'onProgress'> {
  /** Most executions per value; default 100. */
  runs?: number;
  /** Most wall time in milliseconds for all values; then the property is interrupted, as by a time limit of fast-check's. */
  budgetMs?: number;
  /** Default: drawn from fast-check's, so that its seed brings the same schedules back. */
  seed?: number;
  /** A token: fast-check goes to the recorded value, and only the recorded order of it is run. */
  replay?: string;
}

/**
 * A plugin for properties of any values, and, to TypeScript, of these: it takes what `fc.check` is told to return
 * from the last signature.
 */
export type InterleavingsPlugin<Values = unknown> = (<Any>(
  ...at: Parameters<fc.Plugin<unknown>>
) => fc.PluginInstance<Any>) &
  fc.Plugin<Values>;

/**
 * A fast-check plugin that runs the predicate under many schedules for every generated value. fast-check shrinks the
 * value; at each step the schedule that failed before is tried first, then others. straddle shrinks the order. The
 * error of `fc.assert` has fast-check's seed and path, the counterexample, the story, and one token that brings value
 * and order back: `STRADDLE_REPLAY=<token>`, or the option `replay`.
 *
 * Required branches are judged over the whole property. A predicate reaches its `sim` with `currentSim()`.
 *
 * ```ts
 * await fc.assert(fc.asyncProperty(operations, predicate), { plugins: [interleavings({ runs: 200 })] });
 * ```
 *
 * @throws StraddleError `usage` for wrong options, with a fast-check older than 4.10, and, from `fc.assert`, for a
 *   property that is not asynchronous or a predicate that also uses `fc.scheduler()`.
 */
export function interleavings<Values = unknown>(options: InterleavingsOptions = {}): InterleavingsPlugin<Values> {
  requirePlugins(fc.__version);
  if (typeof options !== 'object' || (options as unknown) === null) settle(options);
  for (const name of ['expect', 'onProgress']) {
    if (Object.hasOwn(options, name)) {
      throw new StraddleError('usage', `interleavings() has no option '${name}': fast-check judges a property.`);
    }
  }
  const { replay, ...rest } = options;
  const explored: ExploreOptions = { runs: RUNS, ...rest };
  const settings = settle(explored);
  return <Any>() => {
    const token = replay ?? process.env['STRADDLE_REPLAY'];
    const isSeeded = options.seed !== undefined || (process.env['STRADDLE_SEED'] ?? '') !== '';
    if (token !== undefined && token !== '') return new ReplayedProperty<Any>(token, explored, isSeeded).hooks;
    return new Property<Any>(settings, isSeeded).hooks;
  };
}

/** Older versions would not even look at the plugin, and run each value once. */
export function requirePlugins(version: string | undefined): void {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  if (major > 4 || (major === 4 && minor >= 10)) return;
  throw new StraddleError(
    'usage',
    `interleavings() needs fast-check 4.10 or newer, which has plugins; this is ${version ?? 'an unknown version'}.`,
  );
}
