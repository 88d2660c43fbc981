import { createRequire } from 'node:module';
import type { Failure, Report } from '../../properties/report.ts';
import type { Shard } from '../../properties/shard.ts';

/** The name and version of the document. A field that is added keeps the version; one that changes raises it. */
export const SCHEMA = 'straddle-report/1';

/**
 * What an exploration of one or many tests came to, as plain JSON. `.straddle/last.json`, `--json` and shards are
 * written in it, and every rendering is made from it. Documented in docs/report-schema.md.
 */
export interface ReportDocument {
  readonly schema: typeof SCHEMA;
  /** The version of straddle that wrote it. */
  readonly straddle: string;
  /** The version of Node that ran the tests. */
  readonly node: string;
  /** ISO 8601. */
  readonly writtenAt: string;
  /** 'fail' if a test failed or there are problems, else 'vacuous' if one was, else 'pass'. */
  readonly verdict: Report['verdict'];
  /** False when Ctrl-C or a budget ended it before everything that was asked for had run. */
  readonly complete: boolean;
  /** The part of the executions that was run here. */
  readonly shard?: Shard;
  readonly tests: readonly TestReport[];
  /** What went wrong outside of the tests that were explored; absent if nothing did. */
  readonly problems?: readonly ReportProblem[];
  /** Source text by file, for readers on another machine. */
  readonly sources?: Readonly<Record<string, string>>;
}

export interface ReportProblem {
  /** A file that could not be loaded, a suite or test with its place. */
  readonly where: string;
  readonly message: string;
}

export interface TestReport {
  /** With its suites: `queue > drains`. */
  readonly name: string;
  /** Relative to the project's root, with `/`. */
  readonly file: string;
  /** Where the test is declared, 1-based. */
  readonly line?: number;
  /** The Vitest project, where there are several. */
  readonly project?: string;
  readonly report: SavedReport;
  /** The command that replays the failure; default: `straddle replay TOKEN`. */
  readonly replay?: string;
  /** Why the test was not judged, or not fully. */
  readonly remark?: Remark;
}

/**
 * What keeps a test from being judged.
 * - `not-repeatable`: it fails when it is merely repeated in natural order: state leaks from run to run.
 * - `uncontrolled`: something outside of the engine's control decides.
 * - `unstable`: it passed or failed otherwise than without straddle.
 * - `skipped`: it was not explored at all.
 * - `tick`: its failure takes only awaits of settled values to be overtaken; it is listed apart.
 */
export interface Remark {
  readonly kind: (typeof REMARKS)[number];
  readonly detail: string;
}

export const REMARKS = ['not-repeatable', 'uncontrolled', 'unstable', 'skipped', 'tick'] as const;

/** A report without live objects. */
export interface SavedReport extends Omit<Report, 'failure'> {
  readonly failure?: SavedFailure;
}

export interface SavedFailure extends Omit<Failure, 'error'> {
  readonly error?: SavedError;
}

export interface SavedError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

const { version } = createRequire(import.meta.url)('straddle/package.json') as { version: string };

/** A test as the caller knows it: its report may carry a live error. */
export type TestInput = Omit<TestReport, 'report'> & { readonly report: Report | SavedReport };

/** Makes the document of these tests. */
export function documentOf(
  tests: readonly TestInput[],
  about: {
    readonly complete?: boolean;
    readonly shard?: Shard;
    readonly problems?: readonly ReportProblem[];
  } = {},
): ReportDocument {
  const { problems = [] } = about;
  const saved = tests.map((test) => ({ ...test, report: savedReport(test.report) }));
  return {
    schema: SCHEMA,
    straddle: version,
    node: process.version,
    writtenAt: new Date().toISOString(),
    verdict: problems.length > 0 ? 'fail' : verdictOf(saved),
    complete: about.complete ?? true,
    ...(about.shard === undefined ? {} : { shard: about.shard }),
    tests: saved,
    ...(problems.length === 0 ? {} : { problems: problems.map(({ where, message }) => ({ where, message })) }),
  };
}

/** The worst verdict. A test that could not be judged, or whose failure is listed apart, does not count. */
export function verdictOf(tests: readonly TestReport[]): Report['verdict'] {
  const verdicts = new Set(tests.filter(({ remark }) => remark === undefined).map(({ report }) => report.verdict));
  return verdicts.has('fail') ? 'fail' : verdicts.has('vacuous') ? 'vacuous' : 'pass';
}

/** Without the live error. */
export function savedReport(report: Report | SavedReport): SavedReport {
  const { failure } = report;
  if (failure === undefined) return report as SavedReport;
  const { error, ...rest } = failure;
  return { ...report, failure: { ...rest, ...(error === undefined ? {} : { error: savedError(error) }) } };
}

function savedError(error: unknown): SavedError {
  if (typeof error === 'object' && error !== null && 'message' in error) {
    const { name, message, stack } = error as { name?: unknown; message: unknown; stack?: unknown };
    return {
      name: typeof name === 'string' ? name : 'Error',
      message: String(message),
      ...(typeof stack === 'string' ? { stack } : {}),
    };
  }
  return { name: typeof error, message: String(error) };
}
