import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { StraddleError } from '../../scheduler/error.ts';
import { KINDS } from '../../scheduler/failure.ts';
import { REACHES } from '../../scheduler/reach.ts';
import { REMARKS, SCHEMA, type ReportDocument } from './document.ts';

/** Where the last exploration of a project is kept, relative to its root. */
export const LAST_REPORT = '.straddle/last.json';

/**
 * Writes a report as a whole or not at all: a reader never sees half of it. Makes its folder.
 * @throws StraddleError `report-unwritable`.
 */
export function writeWhole(file: string, text: string): void {
  const beside = `${file}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    try {
      writeFileSync(beside, text);
      renameSync(beside, file);
    } finally {
      rmSync(beside, { force: true });
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StraddleError('report-unwritable', `The report cannot be written to ${file} (${code}).`, {
      cause: error,
    });
  }
}

/** Writes the document, whole or not at all. */
export function writeDocument(document: ReportDocument, file: string = LAST_REPORT): void {
  writeWhole(file, `${JSON.stringify(document)}\n`);
}

/**
 * Reads a document.
 * @throws StraddleError `report-missing`, `report-unreadable`, `report-newer`, `report-invalid`.
 */
export function readDocument(file: string = LAST_REPORT): ReportDocument {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw new StraddleError(
        'report-missing',
        `There is no report at ${file}; 'straddle explore' writes one, or name a file.`,
      );
    }
    throw new StraddleError('report-unreadable', `The report ${file} cannot be read (${code}).`, { cause: error });
  }
  return parseDocument(text, file);
}

/**
 * Reads a document from its text.
 * @param name what to call it in errors.
 * @throws StraddleError `report-newer`, `report-invalid`.
 */
export function parseDocument(text: string, name: string): ReportDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new StraddleError('report-invalid', `The report ${name} is not JSON: ${(error as Error).message}.`);
  }
  const schema = (value as { schema?: unknown } | null)?.schema;
  const [, found] = /^straddle-report\/(\d+)$/.exec(String(schema)) ?? [];
  if (found === undefined) {
    throw new StraddleError('report-invalid', `${name} is no straddle report: it has no "schema": "${SCHEMA}".`);
  }
  if (schema !== SCHEMA) {
    throw new StraddleError(
      'report-newer',
      `The report ${name} has version ${found}, and this straddle reads version ${SCHEMA.split('/')[1]}; use the straddle that wrote it or a newer one.`,
    );
  }
  const parsed = v.safeParse(DOCUMENT, value, { abortEarly: true });
  if (parsed.success) return value as ReportDocument;
  const [issue] = parsed.issues;
  throw new StraddleError(
    'report-invalid',
    `The report ${name} is damaged at ${v.getDotPath(issue) ?? 'its top'}: ${issue.message}.`,
  );
}

const count = v.pipe(v.number(), v.minValue(0));
const text = v.string();
const optionalText = v.optional(text);

const STEP = v.looseObject({
  step: count,
  task: text,
  op: text,
  kind: text,
  key: optionalText,
  site: optionalText,
  time: v.number(),
  created: count,
  settled: count,
  others: v.array(text),
  deviation: v.boolean(),
  together: v.boolean(),
  early: v.boolean(),
  took: count,
});

const OP_NAME = v.looseObject({ task: text, op: text, nth: count });

const FAILURE = v.looseObject({
  kind: v.picklist(KINDS),
  message: text,
  error: v.optional(v.looseObject({ name: text, message: text, stack: optionalText })),
  token: text,
  order: text,
  deviations: count,
  preemptions: count,
  execution: count,
  foundBy: text,
  reach: v.picklist(REACHES),
  decidingPair: v.optional(v.looseObject({ step: count, first: OP_NAME, second: OP_NAME })),
  trace: v.array(STEP),
  nearestPassing: v.optional(v.array(STEP)),
  waiting: v.array(v.looseObject({ task: text, on: text, site: optionalText, heldBy: optionalText })),
});

const REPORT = v.looseObject({
  verdict: v.picklist(['pass', 'fail', 'vacuous']),
  executions: count,
  steps: count,
  distinct: count,
  exhaustive: v.boolean(),
  seed: v.number(),
  strategy: text,
  elapsedMs: count,
  branches: v.record(text, v.looseObject({ hits: count, executions: count, share: count })),
  branchTable: v.array(v.looseObject({ execution: count, hits: v.record(text, count) })),
  straddled: v.array(v.looseObject({ site: text, executions: count, straddled: count })),
  failure: v.optional(FAILURE),
  schedules: v.optional(v.array(text)),
  vacuous: v.array(v.looseObject({ kind: text, detail: text })),
  warnings: v.array(v.looseObject({ name: text, detail: text })),
});

const DOCUMENT = v.looseObject({
  schema: v.literal(SCHEMA),
  straddle: text,
  node: text,
  writtenAt: text,
  verdict: v.picklist(['pass', 'fail', 'vacuous']),
  complete: v.boolean(),
  shard: v.optional(v.looseObject({ index: count, of: count })),
  tests: v.array(
    v.looseObject({
      name: text,
      file: text,
      line: v.optional(count),
      project: optionalText,
      report: REPORT,
      replay: optionalText,
      remark: v.optional(v.looseObject({ kind: v.picklist(REMARKS), detail: text })),
    }),
  ),
  problems: v.optional(v.array(v.looseObject({ where: text, message: text }))),
  sources: v.optional(v.record(text, text)),
});
