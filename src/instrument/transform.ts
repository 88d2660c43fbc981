import MagicString, { type SourceMap } from 'magic-string';
import type { SourceMapInput } from '@jridgewell/trace-mapping';
import { parseModule, type ParseOptions } from './parse.ts';
import { rewrite } from './rewrite.ts';
import { freeNames, isInstrumented, runtimeSource } from './runtime.ts';
import { Shifts } from './shifts.ts';
import { placeSites } from './sites.ts';

export interface TransformOptions extends ParseOptions {
  /** Path of the file: decides the language where the host has no parser, and is the map's source. */
  readonly file: string;
  /** Paths in sites are relative to this folder. Default: `file` as it is. */
  readonly root?: string;
  /** The map from `code` to what the user wrote, if a compiler ran before. Asked for only when it is needed. */
  readonly map?: () => SourceMapInput | undefined;
}

export interface Transformed {
  readonly code: string;
  /** From the new code to the given code; made when it is asked for. */
  readonly map: SourceMap;
  /** What moved where; made when it is asked for. */
  readonly shifts: Shifts;
}

const mayMatter = /\bawait\b|(?:\.|\[\s*['"])\s*(?:then|catch|finally)\b/;

/**
 * Makes every `await`, `for await`, `await using` and every `.then/.catch/.finally` call of a module a
 * scheduling point, and changes nothing else: no line moves, and outside a controlled execution the code does
 * what it did. A comment `// straddle: name` names the next such place. Returns null where there is nothing to
 * do, also for code that was instrumented before.
 *
 * Not a scheduling point: the head of `for (await using x = …;;)`, `super.then()`, calls that Vitest hoists.
 *
 * @throws {StraddleError} kind `parse`: the file is not valid JavaScript or TypeScript.
 */
export function transform(code: string, options: TransformOptions): Transformed | null {
  if (!mayMatter.test(code) || isInstrumented(code)) return null;
  const edit = new MagicString(code);
  const names = freeNames(code);
  const { drafts, parts } = rewrite(parseModule(code, options), edit, names);
  if (drafts.length === 0) return null;
  const { file, root } = options;
  const sites = placeSites(drafts, code, { file, root, map: options.map?.() });
  edit.append(`${code.endsWith('\n') ? '' : '\n'}${runtimeSource(names, parts, sites)}`);
  return {
    code: edit.toString(),
    get map() {
      return edit.generateMap({ source: file, includeContent: true, hires: 'boundary' });
    },
    get shifts() {
      return new Shifts(edit.generateDecodedMap().mappings);
    },
  };
}
