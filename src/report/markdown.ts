import { tellBranches, tellFailure } from '../../properties/story.ts';
import type { Failure } from '../../properties/report.ts';
import { certaintyOf } from './certainty.ts';
import type { ReportDocument, ReportProblem, TestReport } from './document.ts';
import { mermaidOf } from './mermaid.ts';
import { replayCommand } from './replay-command.ts';

/** For a pull request or a CI summary: the verdict, every test that did not pass, its story and its diagram. */
export function markdown(document: ReportDocument): string {
  const { tests, complete, problems = [] } = document;
  const judged = tests.filter(({ remark }) => remark === undefined);
  const bad = judged.filter(({ report }) => report.verdict !== 'pass');
  const remarked = tests.filter(({ remark }) => remark !== undefined);
  const executions = tests.reduce((sum, { report }) => sum + report.executions, 0);
  return [
    `## straddle: ${document.verdict}`,
    '',
    `${count(tests.length, 'test')}, ${count(executions, 'execution')}${complete ? '' : '; ended early'}.`,
    ...(bad.length === 0 ? [] : ['', ...table(bad)]),
    ...bad.flatMap(told),
    ...(problems.length === 0 ? [] : ['', '### Problems outside of tests', '', ...problems.map(problem)]),
    ...(remarked.length === 0 ? [] : ['', '### Not judged', '', ...remarked.map(remark)]),
    '',
  ].join('\n');
}

function table(tests: readonly TestReport[]): string[] {
  const rows = tests.map(({ name, file, line, report }) => {
    const { failure, vacuous } = report;
    const why = failure?.message ?? vacuous[0]?.detail ?? 'no failing schedule was found, and one was expected';
    const place = line === undefined ? file : `${file}:${line}`;
    return `| ${cell(name)} | \`${cell(place)}\` | ${report.verdict} | ${failure?.reach ?? ''} | ${cell(why)} |`;
  });
  return ['| test | file | verdict | reach | why |', '| --- | --- | --- | --- | --- |', ...rows];
}

function told(test: TestReport): string[] {
  const { name, report } = test;
  const { failure } = report;
  const lines = ['', `### ${name}`, ''];
  if (failure === undefined) {
    lines.push(...report.vacuous.map(({ kind, detail }) => `- **${kind}**: ${detail}`));
    if (Object.keys(report.branches).length > 0) lines.push('', ...fenced('text', tellBranches(report).join('\n')));
    return lines;
  }
  lines.push(...fenced('text', tellFailure(failure as Failure, replayCommand(test))));
  const certainty = certaintyOf(report);
  if (certainty !== undefined) lines.push('', certainty);
  if (failure.trace.length > 0) {
    lines.push('', '<details><summary>Sequence diagram</summary>', '', ...fenced('mermaid', mermaidOf(failure)));
    lines.push('', '</details>');
  }
  return lines;
}

function remark({ name, file, remark }: TestReport): string {
  return `- \`${file}\` ${name}: **${remark!.kind}**, ${remark!.detail}`;
}

function problem({ where, message }: ReportProblem): string {
  return `- \`${where}\`: ${message.replace(/\s*\n\s*/g, ' ')}`;
}

function fenced(language: string, text: string): string[] {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}${language}`, text, fence];
}

function cell(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');
}

function count(n: number, noun: string): string {
  return `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
}
