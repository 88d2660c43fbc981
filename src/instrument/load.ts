import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import remapping from '@jridgewell/remapping';
import type { Filter } from './filter.ts';
import { transform } from './transform.ts';

/** The formats of Node's module loader that are program text. */
export function isProgram(format: string | null | undefined): boolean {
  return /^(?:module|commonjs)(?:-typescript)?$/.test(format ?? '');
}

/**
 * The instrumented text of a file that Node is about to load, with its map inside; undefined where the file
 * stays as it is.
 */
export function instrumentFile(
  code: string,
  file: string,
  { filter, root, commonjs }: { filter: Filter; root: string; commonjs: boolean },
): string | undefined {
  if (!filter.matches(file)) return undefined;
  const before = readSourceMap(code, file);
  const done = transform(code, { file, root, commonjs, map: () => before });
  if (done === null) return undefined;
  const own = JSON.parse(done.map.toString()) as Parameters<typeof remapping>[0] & object;
  const map = before === undefined ? own : remapping([own, before] as Parameters<typeof remapping>[0], () => null);
  const encoded = Buffer.from(JSON.stringify(map)).toString('base64');
  return `${done.code}//# sourceMappingURL=data:application/json;base64,${encoded}\n`;
}

interface SourceMapJson {
  readonly version: 3;
  readonly sources: string[];
  readonly names: string[];
  readonly mappings: string;
}

/** The map that a compiler has left, in the text or beside it. A map that cannot be read is no map. */
function readSourceMap(code: string, file: string): SourceMapJson | undefined {
  const comment = [...code.matchAll(/^\/\/[#@][ \t]*sourceMappingURL=(\S+)[ \t]*$/gm)].at(-1);
  if (comment === undefined) return undefined;
  const url = comment[1]!;
  const inline = /^data:application\/json[^,]*;base64,(.*)$/.exec(url);
  try {
    const text = inline
      ? Buffer.from(inline[1]!, 'base64').toString()
      : readFileSync(resolve(dirname(file), url), 'utf8');
    return JSON.parse(text) as SourceMapJson;
  } catch {
    return undefined;
  }
}
