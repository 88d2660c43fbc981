import { create } from 'xmlbuilder2';
import type { Failure } from '../../properties/report.ts';
import { tell, tellFailure } from '../../properties/story.ts';
import type { Report } from '../../properties/report.ts';
import type { ReportDocument, TestReport } from './document.ts';
import { replayCommand } from './replay-command.ts';

type Node = ReturnType<typeof create>;

/**
 * JUnit XML. A test case has the properties `flaky` (it passes or fails with the order) and `vacuous` (it proves
 * nothing); a failure has the story. What could not be judged is skipped, with the reason; a problem outside of tests is
 * an error.
 */
export function junit({ tests, problems = [] }: ReportDocument): string {
  const root = create({ version: '1.0', encoding: 'UTF-8', invalidCharReplacement: '\uFFFD' });
  const suites = root.ele('testsuites', { name: 'straddle', ...totals(tests, problems.length) });
  for (const [file, cases] of byFile(tests)) {
    const suite = suites.ele('testsuite', { name: file, ...totals(cases) });
    for (const test of cases) addCase(suite, test);
  }
  if (problems.length > 0) {
    const suite = suites.ele('testsuite', { name: 'outside of tests', ...totals([], problems.length) });
    for (const { where, message } of problems) suite.ele('testcase', { name: where }).ele('error', { message });
  }
  return `${root.end({ prettyPrint: true })}\n`;
}

function addCase(suite: Node, test: TestReport): void {
  const { name, file, remark, report } = test;
  const { failure, verdict } = report;
  const one = suite.ele('testcase', { name, classname: file, file, time: seconds(report.elapsedMs) });
  const properties = one.ele('properties');
  const property = (key: string, value: string | number | boolean): unknown =>
    properties.ele('property', { name: key, value: String(value) });
  property('flaky', failure !== undefined && failure.deviations > 0);
  property('vacuous', verdict === 'vacuous');
  property('executions', report.executions);
  property('distinct', report.distinct);
  property('seed', report.seed);
  if (failure !== undefined) {
    property('reach', failure.reach);
    property('token', failure.token);
  }
  if (remark !== undefined) {
    one.ele('skipped', { message: `${remark.kind}: ${remark.detail}` });
  } else if (verdict === 'fail') {
    const message = failure?.message ?? 'no failing schedule was found, and one was expected';
    const story = failure === undefined ? tell(report as Report) : tellFailure(failure as Failure, replayCommand(test));
    one.ele('failure', { type: failure?.kind ?? 'fail', message }).txt(story);
  } else if (verdict === 'vacuous') {
    const message = report.vacuous.map(({ detail }) => detail).join(' ');
    one.ele('failure', { type: 'vacuous', message }).txt(tell(report as Report));
  }
}

function totals(tests: readonly TestReport[], errors = 0): Record<string, string | number> {
  const judged = tests.filter(({ remark }) => remark === undefined);
  return {
    tests: tests.length + errors,
    failures: judged.filter(({ report }) => report.verdict !== 'pass').length,
    errors,
    skipped: tests.length - judged.length,
    time: seconds(tests.reduce((sum, { report }) => sum + report.elapsedMs, 0)),
  };
}

function byFile(tests: readonly TestReport[]): Map<string, TestReport[]> {
  const files = new Map<string, TestReport[]>();
  for (const test of tests) files.set(test.file, [...(files.get(test.file) ?? []), test]);
  return files;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
