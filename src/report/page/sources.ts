import type { PageData } from '../page-data.ts';

export interface SitePlace {
  readonly file: string;
  readonly line: number;
}

const split = new Map<string, readonly string[]>();

export function placeOf(site: string | undefined): SitePlace | undefined {
  const match = /^(.+):(\d+):\d+$/.exec(site ?? '');
  return match === null ? undefined : { file: match[1]!, line: Number(match[2]) };
}

export function linesOf(sources: PageData['sources'], file: string): readonly string[] | undefined {
  let lines = split.get(file);
  if (lines === undefined && sources[file] !== undefined) split.set(file, (lines = sources[file].split(/\r?\n/)));
  return lines;
}

/** The source line at a site. */
export function lineAt(sources: PageData['sources'], site: string | undefined): string | undefined {
  const place = placeOf(site);
  return place === undefined ? undefined : linesOf(sources, place.file)?.[place.line - 1];
}
