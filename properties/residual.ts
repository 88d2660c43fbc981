import type { Settings } from './options.ts';
import type { BranchCount, Frequency, Statistics } from './report.ts';
import { pctResidual, upperBound, wilson } from './statistics.ts';

/** What a search came to, in counts. */
export interface Searched {
  readonly executions: number;
  readonly distinct: number;
  readonly exhaustive: boolean;
  readonly failed: boolean;
  /** Executions in which chance had a say, and the longest of them: its choices and its tasks. */
  readonly sampled: number;
  readonly steps: number;
  readonly tasks: number;
  /** The name that the strategy has for itself, `pct(2)`. */
  readonly strategy: string;
}

/** The frequencies with their intervals, and what a clean search leaves open. */
export function statisticsOf(
  searched: Searched,
  branches: Readonly<Record<string, BranchCount>>,
  settings: Pick<Settings, 'bursts' | 'time'>,
): Statistics {
  const { executions, exhaustive, failed } = searched;
  return {
    failure: frequencyOf(failed ? 1 : 0, executions, exhaustive && !failed),
    branches: Object.fromEntries(
      Object.entries(branches).map(([label, count]) => [label, frequencyOf(count.executions, executions, exhaustive)]),
    ),
    sampled: searched.sampled,
    ...(failed || executions === 0 ? {} : { residual: residualOf(searched, settings) }),
  };
}

/** Of all schedules there are it is counted, not estimated. */
function frequencyOf(executions: number, of: number, isCounted: boolean): Frequency {
  const share = of === 0 ? 0 : executions / of;
  return { executions, of, share, ...(isCounted ? { low: share, high: share } : wilson(executions, of)) };
}

function residualOf(searched: Searched, { bursts, time }: Pick<Settings, 'bursts' | 'time'>): string {
  const { executions, distinct, exhaustive, sampled, steps, tasks, strategy } = searched;
  if (exhaustive)
    return `Every schedule within the bounds was run, ${count(distinct, 'in all', 'in all')}, and none fails.`;
  if (sampled === 0)
    return `${count(distinct, 'schedule was', 'schedules were')} run, not picked at random: nothing can be said of the others.`;
  const depth = /^pct\((\d+)\)$/.exec(strategy)?.[1];
  // Bursts and time that passes are none of the choices that the guarantee is about; the first execution learns.
  if (depth !== undefined && bursts === 0 && time === 'idle' && executions > 1)
    return pctResidual(tasks, steps, Number(depth), executions - 1).sentence;
  const bound = upperBound(0, sampled);
  return (
    `None of ${count(sampled, 'execution', 'executions')} drawn at random failed: with 95 % confidence one that is ` +
    `drawn in the same way fails with a probability of at most ${Number((bound * 100).toPrecision(2))} %. ` +
    'Schedules that are hardly ever drawn can fail all the same.'
  );
}

function count(n: number, one: string, many: string): string {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
}
