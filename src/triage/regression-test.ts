import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import type { SavedFailure } from '../report/document.ts';

/**
 * A test to paste into the file of the one that failed: the same body, run under other orders until they all pass.
 * Where the body is not found it is left to be filled in.
 */
export function regressionTest(
  failure: Pick<SavedFailure, 'message' | 'token'>,
  test: { readonly root: string; readonly file: string; readonly name: string; readonly line?: number | undefined },
): string {
  const body = bodyOf(test) ?? 'async () => {\n  // the body of the test\n}';
  const name = `${test.name.split(' > ').at(-1)!} in any order`;
  return [
    `// Depends on the order: ${failure.message.split('\n')[0]}`,
    `// To watch it fail: npx straddle replay ${failure.token}`,
    "// Awaits are scheduling points where the plugin of 'straddle/vite' is in the Vitest configuration.",
    "import { test as anyOrder } from 'straddle/vitest';",
    '',
    `anyOrder.interleavings(${JSON.stringify(name)}, ${body});`,
  ].join('\n');
}

/** The source text of the function that is the body of the test declared in that line. */
function bodyOf({ root, file, name, line }: Parameters<typeof regressionTest>[1]): string | undefined {
  let source: string;
  try {
    source = readFileSync(resolve(root, file), 'utf8');
  } catch {
    return undefined;
  }
  const title = name.split(' > ').at(-1)!;
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) return undefined;
  let found: { readonly text: string; readonly isThere: boolean } | undefined;
  new Visitor({
    CallExpression(call) {
      const [first] = call.arguments;
      const body = call.arguments.find(({ type }) => type.endsWith('FunctionExpression'));
      if (first?.type !== 'Literal' || first.value !== title || body === undefined || found?.isThere === true) return;
      const isThere = source.slice(0, call.start).split('\n').length === line;
      found = { text: source.slice(body.start, body.end), isThere };
    },
  }).visit(program);
  return found === undefined ? undefined : dedented(found.text);
}

/** Its first line begins where the call stood; the others lose what that was indented by. */
function dedented(text: string): string {
  const [first = '', ...rest] = text.split('\n');
  const indent = Math.min(...rest.filter((line) => line.trim() !== '').map((line) => /^\s*/.exec(line)![0].length), 80);
  const closing = /^\s*/.exec(rest.at(-1) ?? '')![0].length;
  return [first, ...rest.map((line) => line.slice(Math.min(indent, closing)))].join('\n');
}
