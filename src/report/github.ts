import { appendFileSync } from 'node:fs';
import type { ReportDocument, SavedFailure, TestReport } from './document.ts';
import { markdown } from './markdown.ts';
import { replayCommand } from './replay-command.ts';

/** GitHub refuses a longer summary. */
const MOST_SUMMARY = 1024 * 1024 - 1024;

/**
 * Within GitHub Actions (`GITHUB_ACTIONS=true`): adds the report to the job's summary and writes an annotation for
 * every test that did not pass, at the await that decides. Elsewhere: nothing.
 * @param write takes one line; standard error is read for annotations, too.
 */
export function tellGitHub(
  document: ReportDocument,
  env: Readonly<Record<string, string | undefined>> = process.env,
  write: (line: string) => void = (line) => void process.stderr.write(`${line}\n`),
): void {
  if (env['GITHUB_ACTIONS'] !== 'true') return;
  for (const line of annotations(document)) write(line);
  const file = env['GITHUB_STEP_SUMMARY'];
  if (file === undefined || file === '') return;
  const text = markdown(document);
  appendFileSync(file, text.length <= MOST_SUMMARY ? text : `${text.slice(0, MOST_SUMMARY)}\n\n… cut short.\n`);
}

/** One line for each test that did not pass, and for each problem outside of tests. */
export function annotations({ tests, problems = [] }: ReportDocument): string[] {
  return [
    ...tests.filter(({ report }) => report.verdict !== 'pass').map(annotation),
    ...problems.map(({ where, message }) => `::error title=straddle::${escape(`${where}: ${message}`)}`),
  ];
}

function annotation(test: TestReport): string {
  const { name, file, line, remark, report } = test;
  const { failure } = report;
  const site = failure === undefined ? undefined : decidingSite(failure);
  const [, at = file, row = line, column] = /^(.+):(\d+):(\d+)$/.exec(site ?? '') ?? [];
  const level = remark === undefined ? 'error' : 'warning';
  const why = failure?.message ?? report.vacuous[0]?.detail ?? 'no failing schedule was found, and one was expected';
  const reason = remark === undefined ? why : `${remark.kind}: ${remark.detail}`;
  const replay = replayCommand(test);
  const fields = [
    `file=${escapeField(at)}`,
    ...(row === undefined ? [] : [`line=${row}`]),
    ...(column === undefined ? [] : [`col=${column}`]),
    `title=${escapeField(`straddle: ${name}`)}`,
  ];
  return `::${level} ${fields.join()}::${escape(replay === undefined ? reason : `${reason}\nReplay: ${replay}`)}`;
}

/** Where the await stands that decides: the one that should have been sooner, else the one that came first. */
export function decidingSite({ decidingPair, trace }: SavedFailure): string | undefined {
  const { first, step = trace.findLast(({ deviation }) => deviation)?.step ?? trace.length - 1 } = decidingPair ?? {};
  const delayed = trace.find(({ task, op, site }) => task === first?.task && op === first.op && site !== undefined);
  return delayed?.site ?? trace[step]?.site ?? trace.findLast(({ site }) => site !== undefined)?.site;
}

function escape(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeField(text: string): string {
  return escape(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
