import type { SavedReport, TestReport } from '../report/document.ts';
import { isUnexplored } from './memory.ts';

/** A suite by what became of its tests. */
export interface Summary {
  /** The order decides: failures of reach today or latent. */
  readonly dependent: readonly TestReport[];
  /** Only the order of microtasks decides. */
  readonly tick: readonly TestReport[];
  /** They fail in natural order already, as without straddle, or pass and are to fail. */
  readonly failing: readonly TestReport[];
  /** Written with `test.interleavings`, and they prove nothing. */
  readonly vacuous: readonly TestReport[];
  readonly notRepeatable: readonly TestReport[];
  readonly uncontrolled: readonly TestReport[];
  /** They passed under every schedule that was tried, of which there were several. */
  readonly independent: readonly TestReport[];
  /** They have one order only. */
  readonly single: readonly TestReport[];
  /** They ran in natural order only, and there would have been others. */
  readonly unexplored: readonly TestReport[];
  readonly executions: number;
  /** Await sites at which no other task ever ran, with how often they were reached. */
  readonly neverStraddled: readonly { readonly site: string; readonly executions: number }[];
}

export function summarise(tests: readonly TestReport[]): Summary {
  const groups: Record<string, TestReport[]> = {};
  for (const test of tests) (groups[groupOf(test)] ??= []).push(test);
  const of = (name: ReturnType<typeof groupOf>): readonly TestReport[] => groups[name] ?? [];
  return {
    dependent: of('dependent'),
    tick: of('tick'),
    failing: of('failing'),
    vacuous: of('vacuous'),
    notRepeatable: of('notRepeatable'),
    uncontrolled: of('uncontrolled'),
    independent: of('independent'),
    single: of('single'),
    unexplored: of('unexplored'),
    executions: tests.reduce((sum, { report }) => sum + report.executions, 0),
    neverStraddled: neverStraddled(tests.map(({ report }) => report)),
  };
}

function groupOf({ report, remark }: TestReport): Exclude<keyof Summary, 'executions' | 'neverStraddled'> {
  if (remark?.kind === 'not-repeatable') return 'notRepeatable';
  if (remark?.kind === 'tick') return 'tick';
  if (remark !== undefined) return 'uncontrolled';
  if (report.verdict === 'vacuous') return 'vacuous';
  if (report.verdict === 'fail') return failsAnyway(report) ? 'failing' : 'dependent';
  if (isUnexplored(report)) return 'unexplored';
  return report.executions === 1 && report.exhaustive ? 'single' : 'independent';
}

/** In natural order, or by passing although it is to fail. */
function failsAnyway({ failure }: SavedReport): boolean {
  if (failure === undefined || failure.foundBy === 'natural') return true;
  return failure.order === 'natural' && failure.deviations === 0;
}

function neverStraddled(reports: readonly SavedReport[]): { site: string; executions: number }[] {
  const sites = new Map<string, { executions: number; straddled: number }>();
  for (const { site, executions, straddled } of reports.flatMap((report) => report.straddled)) {
    const sum = sites.get(site) ?? { executions: 0, straddled: 0 };
    sites.set(site, { executions: sum.executions + executions, straddled: sum.straddled + straddled });
  }
  return [...sites]
    .filter(([, sum]) => sum.straddled === 0)
    .map(([site, { executions }]) => ({ site, executions }))
    .sort((a, b) => b.executions - a.executions || a.site.localeCompare(b.site));
}
