import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { StraddleError } from '../../scheduler/error.ts';
import { documentOf, SCHEMA, verdictOf, type ReportDocument } from '../../src/report/document.ts';
import { parseDocument, readDocument, writeDocument } from '../../src/report/files.ts';
import { explored } from './explored.ts';

const folder = mkdtempSync(join(tmpdir(), 'straddle-document-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const about = { name: 'counter > counts', file: 'test/counter.test.ts', line: 3 };

function thrown(run: () => unknown): StraddleError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(StraddleError);
    return error as StraddleError;
  }
  throw new Error('nothing was thrown');
}

describe('the report document', () => {
  test('comes back from its file as it was written, its error as plain data', async () => {
    const report = await explored();
    const document = documentOf([{ ...about, report }]);
    const file = join(folder, 'deep', 'last.json');
    writeDocument(document, file);
    expect(readDocument(file)).toEqual(JSON.parse(JSON.stringify(document)));
    expect(document.verdict).toBe('fail');
    expect(document.tests[0]!.report.failure!.error).toMatchObject({ name: 'Error', message: 'counted 1 of 2' });
    expect(readdirSync(join(folder, 'deep'))).toEqual(['last.json']);
  });

  test('carries the nearest passing schedule, which parts from the failing one at the deciding pair', async () => {
    const { failure } = await explored();
    const { decidingPair, trace, nearestPassing } = failure!;
    const ran = (steps: typeof trace, step: number): string => `${steps[step]!.task} ${steps[step]!.op}`;
    const { step } = decidingPair!;
    for (let before = 0; before < step; before++) expect(ran(nearestPassing!, before)).toBe(ran(trace, before));
    expect(ran(nearestPassing!, step)).not.toBe(ran(trace, step));
  });

  test('has the worst verdict of the tests that could be judged', async () => {
    const failing = await explored();
    const passing = await explored({ strategy: 'natural', runs: 1, vacuity: 'off' });
    const vacuous = await explored({ strategy: 'natural', runs: 1 });
    const verdict = (...tests: Parameters<typeof documentOf>[0]): string => verdictOf(documentOf(tests).tests);
    expect(verdict()).toBe('pass');
    expect(verdict({ ...about, report: passing })).toBe('pass');
    expect(verdict({ ...about, report: passing }, { ...about, report: vacuous })).toBe('vacuous');
    expect(verdict({ ...about, report: vacuous }, { ...about, report: failing })).toBe('fail');
    const remark = { kind: 'tick', detail: 'counts microtasks' } as const;
    expect(verdict({ ...about, report: failing, remark })).toBe('pass');
    const problems = [{ where: 'a.test.ts', message: 'it could not be loaded' }];
    expect(documentOf([{ ...about, report: passing }], { problems })).toMatchObject({ verdict: 'fail', problems });
    expect(documentOf([{ ...about, report: passing }], { problems: [] })).not.toHaveProperty('problems');
  });

  test('is refused in one sentence when it cannot be read', async () => {
    const good = documentOf([{ ...about, report: await explored() }]);
    const refused = (text: string): string => {
      const { kind, message } = thrown(() => parseDocument(text, 'old.json'));
      expect(message).toMatch(/^[^\n]*\.$/);
      return `${kind}: ${message}`;
    };
    expect(refused('{')).toMatch(/^report-invalid: The report old\.json is not JSON/);
    expect(refused('[]')).toMatch(/^report-invalid: old\.json is no straddle report/);
    expect(refused('null')).toMatch(/^report-invalid: old\.json is no straddle report/);
    expect(refused(JSON.stringify({ ...good, schema: 'straddle-report/2' }))).toMatch(
      /^report-newer: The report old\.json has version 2, and this straddle reads version 1;/,
    );
    const damaged = JSON.parse(JSON.stringify(good)) as { tests: { report: { failure: { trace: object[] } } }[] };
    damaged.tests[0]!.report.failure.trace[1] = {};
    expect(refused(JSON.stringify(damaged))).toMatch(
      /^report-invalid: The report old\.json is damaged at tests\.0\.report\.failure\.trace\.1\.step/,
    );
    expect(thrown(() => readDocument(join(folder, 'none.json'))).message).toContain("'straddle explore' writes one");
    expect(thrown(() => readDocument(folder)).message).toMatch(/cannot be read \(EISDIR\)/);
  });

  test('accepts fields that a later straddle of the same version adds', async () => {
    const good = documentOf([{ ...about, report: await explored() }]);
    const file = join(folder, 'more.json');
    writeFileSync(file, JSON.stringify({ ...good, later: true }));
    const read: ReportDocument = readDocument(file);
    expect(read.schema).toBe(SCHEMA);
  });
});
