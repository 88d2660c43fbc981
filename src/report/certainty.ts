import type { Frequency } from '../../properties/report.ts';
import type { SavedReport } from './document.ts';

/** How often a test fails, or what a clean search leaves open, in a sentence; undefined if nothing was searched. */
export function certaintyOf({ failure, statistics }: Pick<SavedReport, 'failure' | 'statistics'>): string | undefined {
  if (failure === undefined) return statistics?.residual;
  if (statistics === undefined || statistics.failure.executions === 0) return undefined;
  return `It failed in ${tellFrequency(statistics.failure)}.`;
}

/** `3 of 200 executions (95 % interval 0.5 % to 4.3 %)`; without it where every schedule was run. */
function tellFrequency({ executions, of, low, high }: Frequency): string {
  const counted = `${executions.toLocaleString('en')} of ${of.toLocaleString('en')} execution${of === 1 ? '' : 's'}`;
  return low === high ? counted : `${counted} (95 % interval ${percent(low)} to ${percent(high)})`;
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
