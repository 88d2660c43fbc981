import { Window, type Document } from 'happy-dom';
import { beforeAll, describe, expect, test } from 'vitest';
import { documentOf, type ReportDocument } from '../../src/report/document.ts';
import { annotations, decidingSite, tellGitHub } from '../../src/report/github.ts';
import { junit } from '../../src/report/junit.ts';
import { markdown } from '../../src/report/markdown.ts';
import { mermaid, mermaidOf } from '../../src/report/mermaid.ts';
import { traceEvent } from '../../src/report/trace-event.ts';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FILE, longReport, sampleDocument } from './samples.ts';

let document: ReportDocument;
beforeAll(async () => {
  document = await sampleDocument();
});

const token = /st1\.[\w.-]+/g;

describe('mermaid', () => {
  test('draws a story as a sequence diagram with the deciding step marked', () => {
    expect(mermaidOf(document.tests[0]!.report.failure!, 'counter > is never behind')).toMatchInlineSnapshot(`
      "---
      title: "counter > is never behind"
      ---
      sequenceDiagram
        participant t0 as main
        participant t1 as first
        participant t2 as second
        t0->>t0: 0 starts
        t0->>t1: 1 starts (explored.ts:18:26)
        rect rgba(200, 60, 50, 0.2)
          t0->>t2: 2 starts (explored.ts:18:57)
        end
        t2->>t2: 3 prepare (explored.ts:15:15)
        t2->>t2: 4 between read and write (explored.ts:11:15)
        t1->>t1: 5 between read and write (explored.ts:11:15)
        Note over t1: error: counted 1 of 2"
    `);
  });

  test('escapes what would end a message, and counts what decides nothing', () => {
    const { failure } = document.tests[0]!.report;
    const hostile = failure!.trace.map((step) => ({ ...step, task: 'a;b#1', op: 'x; y\nend' }));
    const text = mermaidOf({ ...failure!, trace: hostile });
    expect(text).toContain('participant t0 as a#59;b#35;1');
    expect(text).toContain('x#59; y end');
    const long = documentOf([{ name: 'l', file: FILE, report: longReport(document.tests[0]!.report as never, 400) }]);
    expect(mermaid(long).split('\n').length).toBeLessThan(900);
  });

  test('is a diagram where nothing failed, too', () => {
    expect(mermaid(documentOf([]))).toMatch(/^sequenceDiagram\n/);
  });
});

interface TraceEvent {
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur: number;
  name: string;
  id?: number;
}

test('trace events: a thread per task, a slice per step, and flows that begin and end within slices', () => {
  const { traceEvents } = JSON.parse(traceEvent(document)) as { traceEvents: TraceEvent[] };
  const { trace, nearestPassing } = document.tests[0]!.report.failure!;
  const slices = traceEvents.filter(({ ph }) => ph === 'X');
  // The remarked test fails as the first one does.
  expect(slices.length).toBe(2 * (trace.length + nearestPassing!.length));
  const flows = traceEvents.filter(({ ph }) => ph === 's' || ph === 'f');
  expect(flows.length).toBeGreaterThan(0);
  for (const { pid, tid, ts } of flows) {
    const around = slices.filter((slice) => slice.pid === pid && slice.tid === tid);
    expect(around.filter((slice) => slice.ts <= ts && ts <= slice.ts + slice.dur).length).toBe(1);
  }
  for (const id of new Set(flows.map(({ id }) => id))) {
    expect(flows.filter((flow) => flow.id === id).map(({ ph }) => ph)).toEqual(['s', 'f']);
  }
  const threads = traceEvents.filter(({ pid, name }) => pid === 1 && name === 'thread_name').length;
  expect(threads).toBe(new Set(trace.map(({ task }) => task)).size);
});

const PROBLEM = { where: 'lost.test.ts', message: 'no such\nmodule' };

describe('JUnit', () => {
  const parse = (xml: string): Document =>
    new new Window().DOMParser().parseFromString(xml, 'text/xml') as unknown as Document;

  test('counts, names and tells what did not pass, flaky and vacuous among its properties', () => {
    const xml = parse(junit(document));
    const suite = xml.querySelector('testsuite')!;
    expect(['tests', 'failures', 'skipped'].map((name) => suite.getAttribute(name))).toEqual(['4', '2', '1']);
    const cases = [...xml.querySelectorAll('testcase')];
    const property = (at: number, name: string): string | null | undefined =>
      cases[at]!.querySelector(`property[name=${name}]`)?.getAttribute('value');
    expect(property(0, 'flaky')).toBe('true');
    expect(property(0, 'token')).toMatch(/^st1\./);
    expect(cases[0]!.querySelector('failure')!.textContent).toMatch(/Replay: npx straddle replay st1\./);
    expect([property(1, 'flaky'), property(1, 'vacuous'), cases[1]!.querySelector('failure')]).toEqual([
      'false',
      'false',
      null,
    ]);
    expect(property(2, 'vacuous')).toBe('true');
    expect(cases[2]!.querySelector('failure')!.getAttribute('type')).toBe('vacuous');
    expect(cases[3]!.querySelector('skipped')!.getAttribute('message')).toMatch(/^tick: /);
  });

  test('what went wrong outside of tests is an error, and counted', () => {
    const xml = parse(junit(documentOf([], { problems: [PROBLEM] })));
    expect(xml.querySelector('testsuites')!.getAttribute('errors')).toBe('1');
    expect(xml.querySelector('testcase[name="lost.test.ts"] > error')!.getAttribute('message')).toBe('no such module');
    expect(parse(junit(document)).querySelector('testsuites')!.getAttribute('errors')).toBe('0');
  });

  test('is well-formed whatever a message holds', () => {
    const [first] = document.tests;
    const failure = { ...first!.report.failure!, message: 'a <b> & "c"\u0000\u001b[31m ]]>' };
    const hostile = documentOf([{ ...first!, name: '<&>"', report: { ...first!.report, failure } }]);
    const xml = parse(junit(hostile));
    expect(xml.querySelector('parsererror')).toBeNull();
    expect(xml.querySelector('testcase')!.getAttribute('name')).toBe('<&>"');
  });
});

test('Markdown tells the verdict, each test that did not pass with its story, and what was not judged', () => {
  const text = markdown(document).replaceAll(token, 'st1.…');
  expect(text).toMatch(/^## straddle: fail\n/);
  expect(text).toContain(`| counter > is never behind | \`${FILE}:8\` | fail | today | counted 1 of 2 |`);
  expect(text).toMatch(
    /### counter > is never behind\n\n```text\nerror: counted 1 of 2\n[^]*Replay: npx straddle replay st1\.…\n```\n\nIt failed in 1 of \d+ executions \(95 % interval [\d.]+ % to \d+ %\)\.\n/,
  );
  expect(text).toContain('```mermaid\nsequenceDiagram');
  expect(text).toMatch(/### counter > both ways\n\n- \*\*branch\*\*/);
  expect(text).toContain('counter > ticks: **tick**');
  expect(text).not.toContain('### counter > in natural order');
  expect(text).not.toContain('outside of tests');
  expect(markdown(documentOf([], { problems: [PROBLEM] }))).toContain(
    '### Problems outside of tests\n\n- `lost.test.ts`: no such module\n',
  );
});

describe('GitHub', () => {
  test('annotates the await that decides', () => {
    const { failure } = document.tests[0]!.report;
    const site = decidingSite(failure!)!;
    const { first } = failure!.decidingPair!;
    expect(failure!.trace.find((step) => step.site === site && step.task === first.task)!.op).toBe(first.op);
    const [, line, column] = site.split(':');
    const [error, vacuous, warning] = annotations(document);
    expect(error).toMatch(
      `::error file=${FILE},line=${line},col=${column},title=straddle%3A counter > is never behind::counted 1 of 2%0AReplay: npx straddle replay st1.`,
    );
    expect(vacuous).toMatch(/^::error file=test\/report\/explored\.ts,line=10,title=[^:]*::The branch/);
    expect(warning).toMatch(/^::warning /);
  });

  test('annotates what went wrong outside of tests', () => {
    expect(annotations(documentOf([], { problems: [PROBLEM] }))).toEqual([
      '::error title=straddle::lost.test.ts: no such%0Amodule',
    ]);
  });

  test('gets annotations and a summary in its own jobs only', () => {
    const folder = mkdtempSync(join(tmpdir(), 'straddle-github-'));
    const lines: string[] = [];
    const write = (line: string): void => void lines.push(line);
    const summary = join(folder, 'summary.md');
    try {
      tellGitHub(document, { GITHUB_STEP_SUMMARY: summary }, write);
      expect(lines).toEqual([]);
      tellGitHub(document, { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary }, write);
      expect(lines.length).toBe(3);
      expect(readFileSync(summary, 'utf8')).toBe(markdown(document));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
