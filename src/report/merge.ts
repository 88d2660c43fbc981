import type { BranchCount, Report } from '../../properties/report.ts';
import { statisticsOf } from '../../properties/residual.ts';
import { StraddleError } from '../../scheduler/error.ts';
import { documentOf, type ReportDocument, type SavedReport, type TestReport } from './document.ts';

/** Rows of a table of branches that are kept. */
const TABLE_ROWS = 50;

/**
 * Joins the documents of all shards of one exploration: one verdict, one coverage.
 * @throws StraddleError `merge`: a shard is missing, there twice, or of another split.
 */
export function merge(documents: readonly ReportDocument[]): ReportDocument {
  const parts = inOrder(documents);
  const tests = new Map<string, TestReport[]>();
  for (const { tests: all } of parts) {
    for (const test of all) {
      const key = `${test.project ?? ''}\n${test.file}\n${test.name}`;
      tests.set(key, [...(tests.get(key) ?? []), test]);
    }
  }
  // Every shard meets them.
  const problems = new Map(parts.flatMap((part) => part.problems ?? []).map((one) => [JSON.stringify(one), one]));
  return documentOf([...tests.values()].map(mergeTest), {
    complete: parts.every(({ complete }) => complete),
    problems: [...problems.values()],
  });
}

function inOrder(documents: readonly ReportDocument[]): ReportDocument[] {
  const of = documents[0]?.shard?.of;
  const bad = (why: string): never => {
    throw new StraddleError('merge', `These reports are not the shards of one exploration: ${why}.`);
  };
  if (of === undefined) return bad('the first one is no shard');
  const parts: ReportDocument[] = [];
  for (const document of documents) {
    const { shard } = document;
    if (shard === undefined) return bad('one of them is no shard');
    if (shard.of !== of) return bad(`one is part of ${shard.of}, the first one of ${of}`);
    if (parts[shard.index - 1] !== undefined) return bad(`shard ${shard.index}/${of} is there twice`);
    parts[shard.index - 1] = document;
  }
  for (let index = 1; index <= of; index++) if (parts[index - 1] === undefined) bad(`shard ${index}/${of} is missing`);
  return parts;
}

function mergeTest(tests: readonly TestReport[]): TestReport {
  const reports = tests.map(({ report }) => report);
  // What was not split ran in every shard alike.
  const isSplit = reports.some(({ schedules }) => schedules !== undefined);
  const remark = tests.find((test) => test.remark !== undefined)?.remark;
  const report = isSplit ? mergeReports(reports) : reports[0]!;
  return { ...tests[0]!, ...(remark === undefined ? {} : { remark }), report };
}

function mergeReports(reports: readonly SavedReport[]): SavedReport {
  const [first] = reports;
  const sum = (of: (report: SavedReport) => number): number => reports.reduce((total, report) => total + of(report), 0);
  const schedules = new Set(reports.flatMap((report) => report.schedules ?? []));
  const executions = sum((report) => report.executions);
  // Without the repetitions in natural order, which show nothing new.
  const searched = sum(({ statistics, executions: all }) => statistics?.failure.of ?? all);
  const branches = mergeBranches(reports, searched);
  // A shard for which no execution was left has nothing to say.
  const vacuous = missing(
    reports.filter((report) => report.executions > 0),
    branches,
  );
  // The one that a single machine would have met first.
  const [failure] = reports
    .flatMap((report) => (report.failure === undefined ? [] : [report.failure]))
    .toSorted((a, b) => a.execution - b.execution);
  const exhaustive = reports.every((report) => report.exhaustive);
  const hasFailed = reports.some(({ verdict }) => verdict === 'fail');
  const verdict: Report['verdict'] = hasFailed ? 'fail' : vacuous.length > 0 ? 'vacuous' : 'pass';
  return {
    ...first!,
    verdict,
    executions,
    steps: sum(({ steps }) => steps),
    distinct: schedules.size,
    exhaustive,
    statistics: statisticsOf(
      {
        executions: searched,
        distinct: schedules.size,
        exhaustive,
        failed: failure !== undefined,
        sampled: sum(({ statistics }) => statistics?.sampled ?? 0),
        // Only a search by PCT alone would need the others, and that one's bound is left to the single run.
        ...{ strategy: first!.strategy, steps: 0, tasks: 0 },
      },
      branches,
      { bursts: 0, time: 'mixed' },
    ),
    elapsedMs: Math.max(...reports.map(({ elapsedMs }) => elapsedMs)),
    branches,
    branchTable: reports
      .flatMap(({ branchTable }) => branchTable)
      .toSorted((a, b) => a.execution - b.execution)
      .slice(0, TABLE_ROWS),
    straddled: mergeSites(reports),
    ...(failure === undefined ? {} : { failure }),
    schedules: [...schedules].toSorted(),
    vacuous,
    warnings: [...new Map(reports.flatMap(({ warnings }) => warnings).map((one) => [one.name, one])).values()],
  };
}

function mergeBranches(reports: readonly SavedReport[], all: number): Record<string, BranchCount> {
  const merged: Record<string, BranchCount> = {};
  for (const { branches } of reports) {
    for (const [label, { hits, executions }] of Object.entries(branches)) {
      const before = merged[label] ?? { hits: 0, executions: 0, share: 0 };
      const seen = before.executions + executions;
      merged[label] = { hits: before.hits + hits, executions: seen, share: all === 0 ? 0 : seen / all };
    }
  }
  return merged;
}

function mergeSites(reports: readonly SavedReport[]): SavedReport['straddled'] {
  const sites = new Map<string, SavedReport['straddled'][number]>();
  for (const site of reports.flatMap(({ straddled }) => straddled)) {
    const key = `${site.site}\n${site.place ?? ''}`;
    const { executions = 0, straddled = 0 } = sites.get(key) ?? {};
    sites.set(key, {
      ...site,
      executions: executions + site.executions,
      straddled: straddled + site.straddled,
    });
  }
  return [...sites.values()];
}

/** Evidence that no shard has; a branch that any of them has seen is seen. */
function missing(reports: readonly SavedReport[], branches: Readonly<Record<string, BranchCount>>): Report['vacuous'] {
  const seen = Object.entries(branches).filter(([, { executions }]) => executions > 0);
  const isSeen = (detail: string): boolean => seen.some(([label]) => detail.includes(`'${label}'`));
  const [first, ...others] = reports;
  return (first?.vacuous ?? []).filter(
    ({ kind, detail }) =>
      others.every(({ vacuous }) => vacuous.some((other) => other.kind === kind)) &&
      !(kind === 'branch' && isSeen(detail)),
  );
}
