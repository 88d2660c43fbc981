import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ReportDocument, TestReport } from './document.ts';

/** Longer files are not carried along. */
const MOST_BYTES = 1024 * 1024;

/** The document with the source text of every file that its sites name, as far as it is found under `root`. */
export function withSources(document: ReportDocument, root: string = process.cwd()): ReportDocument {
  const files = [...new Set(document.tests.flatMap(filesOf))];
  const found = files.flatMap((file) => {
    const text = document.sources?.[file] ?? textOf(resolve(root, file));
    return text === undefined ? [] : [[file, text] as const];
  });
  return { ...document, sources: { ...document.sources, ...Object.fromEntries(found) } };
}

function filesOf({ file, report }: TestReport): string[] {
  const { failure, straddled } = report;
  const sites = [
    ...straddled.map(({ place }) => place),
    ...(failure?.trace ?? []).map(({ site }) => site),
    ...(failure?.nearestPassing ?? []).map(({ site }) => site),
    ...(failure?.waiting ?? []).map(({ site }) => site),
  ];
  const files = new Set(sites.map(fileOf).filter((one) => one !== undefined));
  return failure === undefined ? [...files] : [file, ...files];
}

/** The file of `file:line:column`. */
export function fileOf(site: string | undefined): string | undefined {
  return site === undefined ? undefined : /^(.+):\d+:\d+$/.exec(site)?.[1];
}

function textOf(path: string): string | undefined {
  try {
    return statSync(path).size > MOST_BYTES ? undefined : readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
