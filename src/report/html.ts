import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { wilson } from '../../properties/statistics.ts';
import { certaintyOf } from './certainty.ts';
import type { ReportDocument, SavedFailure, SavedReport, TestReport } from './document.ts';
import { firstDifference, pack } from './pack.ts';
import type { PageBranch, PageData, PageFailure, PageTest } from './page-data.ts';
import { replayCommand } from './replay-command.ts';
import { origin } from '../../properties/story.ts';

/** Where the data goes. */
const DATA = '<script id="data" type="application/json">';

/** One self-contained page, which asks nothing of the network. */
export function html(document: ReportDocument): string {
  const page = readFileSync(createRequire(import.meta.url).resolve('#report-page'), 'utf8');
  const at = page.indexOf(DATA) + DATA.length;
  // Within a script element only `</` can end it, and `<!--` change its meaning.
  const data = JSON.stringify(dataOf(document)).replaceAll('<', '\\u003c');
  return `${page.slice(0, at)}${data}${page.slice(at)}`;
}

function dataOf({
  straddle,
  node,
  writtenAt,
  verdict,
  complete,
  tests,
  problems = [],
  sources = {},
}: ReportDocument): PageData {
  return { straddle, node, writtenAt, verdict, complete, tests: tests.map(pageTest), problems, sources };
}

function pageTest(test: TestReport): PageTest {
  const { name, file, line, project, remark, report } = test;
  const certainty = certaintyOf(report);
  const { verdict, executions, steps, distinct, exhaustive, seed, strategy, elapsedMs, vacuous, warnings } = report;
  return {
    name,
    file,
    ...(line === undefined ? {} : { line }),
    ...(project === undefined ? {} : { project }),
    ...(remark === undefined ? {} : { remark }),
    ...{ verdict, executions, steps, distinct, exhaustive, seed, strategy, elapsedMs, vacuous, warnings },
    ...(report.failure === undefined ? {} : { failure: pageFailure(report.failure, replayCommand(test)!) }),
    ...(certainty === undefined ? {} : { certainty }),
    branches: branchesOf(report),
    sites: report.straddled,
  };
}

function pageFailure(failure: SavedFailure, replay: string): PageFailure {
  const { kind, message, error, reach, decidingPair, waiting, trace, nearestPassing } = failure;
  const difference = nearestPassing === undefined ? undefined : firstDifference(trace, nearestPassing);
  return {
    kind,
    message,
    ...(error?.stack === undefined ? {} : { stack: error.stack }),
    replay,
    origin: origin(failure),
    reach,
    ...(difference === undefined ? {} : { difference }),
    ...(decidingPair === undefined ? {} : { pair: decidingPair }),
    waiting,
    failing: pack(trace),
    ...(nearestPassing === undefined ? {} : { passing: pack(nearestPassing, difference ?? trace.length) }),
  };
}

function branchesOf({ branches, executions, statistics }: SavedReport): PageBranch[] {
  return Object.entries(branches).map(([label, { executions: seen, share }]) => {
    const { low, high } = statistics?.branches[label] ?? wilson(seen, executions);
    return { label, executions: seen, share, low, high };
  });
}
