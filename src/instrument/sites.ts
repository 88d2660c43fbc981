import { isAbsolute, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { originalPositionFor, sourceContentFor, TraceMap, type SourceMapInput } from '@jridgewell/trace-mapping';
import type { Site } from '../../scheduler/point.ts';

/** A site before its place in the user's source is known. */
export interface Draft {
  /** Offset in the code that is being transformed. */
  readonly offset: number;
  readonly text: string;
  readonly fn: string;
}

export interface Origin {
  /** Path of the code that is being transformed. */
  readonly file: string;
  /** Paths in sites are relative to this folder. Default: as they are. */
  readonly root?: string | undefined;
  /** The map from that code back to what the user wrote, if a compiler ran before. */
  readonly map?: SourceMapInput | undefined;
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Places every site in the user's own source, and gives it the name that a comment there gives it. */
export function placeSites(drafts: readonly Draft[], code: string, origin: Origin): Site[] {
  const traced = origin.map === undefined ? undefined : new TraceMap(origin.map, origin.file);
  const written = new Map<string, string>();
  const starts = lineStarts(code);
  const places = drafts.map((draft): Place => {
    const line = lineOf(starts, draft.offset);
    const column = draft.offset - starts[line - 1]!;
    const mapped = traced && trace(traced, line, column);
    if (mapped === undefined) {
      written.set(origin.file, code);
      return { file: origin.file, line, column: column + 1 };
    }
    written.set(mapped.file, (traced && sourceContentFor(traced, mapped.source)) ?? '');
    return mapped;
  });
  const names = namePlaces(places, written);
  return drafts.map(({ text, fn }, index) => {
    const { file, line, column } = places[index]!;
    const name = names[index];
    const site = { file: shown(file, origin), line, column, text, fn };
    return name === undefined ? site : { ...site, name };
  });
}

/** Code that a compiler added has no place of its own: it belongs to the last mapped code before it. */
function trace(map: TraceMap, line: number, column: number): (Place & { source: string }) | undefined {
  for (let at = line; at > 0; at -= 1) {
    const found = originalPositionFor(map, { line: at, column: at === line ? column : Number.MAX_SAFE_INTEGER });
    if (found.source === null) continue;
    return { file: pathOf(found.source), source: found.source, line: found.line, column: found.column + 1 };
  }
  return undefined;
}

const nameComment = /(?:^[ \t]*\/\/|\/\*)[ \t]*straddle:[ \t]*(.+?)[ \t]*(?:\*\/|$)/gm;

/** `// straddle: name` names the next site after it in the same file. */
function namePlaces(places: readonly Place[], written: ReadonlyMap<string, string>): (string | undefined)[] {
  const names: (string | undefined)[] = places.map(() => undefined);
  for (const [file, text] of written) {
    if (!text.includes('straddle:')) continue;
    const starts = lineStarts(text);
    const inOrder = places
      .map((place, index) => ({ index, file: place.file, offset: starts[place.line - 1]! + place.column }))
      .filter((site) => site.file === file)
      .sort((a, b) => a.offset - b.offset);
    let next = 0;
    for (const comment of text.matchAll(nameComment)) {
      const end = comment.index + comment[0].length;
      while (next < inOrder.length && inOrder[next]!.offset <= end) next += 1;
      // A compiler may have made several sites of one place.
      for (let at = next; at < inOrder.length && inOrder[at]!.offset === inOrder[next]!.offset; at += 1) {
        names[inOrder[at]!.index] = comment[1];
      }
    }
  }
  return names;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** 1-based line of an offset. */
function lineOf(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (starts[middle]! <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

const pathOf = (source: string): string => (source.startsWith('file:') ? fileURLToPath(source) : source);

function shown(file: string, origin: Origin): string {
  if (origin.root === undefined || !isAbsolute(file)) return file;
  return relative(origin.root, file).replaceAll('\\', '/');
}
