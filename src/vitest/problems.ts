/** Something that went wrong outside of the tests that were explored, in one sentence. */
export interface Problem {
  /** A file, or a test with its place. */
  readonly where: string;
  readonly message: string;
  /** The file is no JavaScript or TypeScript. */
  readonly isSyntax: boolean;
}

const SYNTAX = /\b(?:Transform failed|Parse fail\w*|PARSE_ERROR|does not parse|SyntaxError|Failed to parse)\b/;

/** @param error as a reporter of Vitest gets it. */
export function problemOf(where: string, error: unknown): Problem {
  const { name = '', message = error, id } = (error ?? {}) as { name?: unknown; message?: unknown; id?: unknown };
  const text = String(message).replace(/\u001b\[[\d;]*m/g, '');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const isSyntax = SYNTAX.test(`${String(name)}: ${text}`);
  // Bundlers announce on the first line what the second one says.
  const said = (lines[0]!.endsWith(':') ? lines[1] : lines[0]) ?? text;
  const file = /At file: (\S+)/.exec(text)?.[1]?.replace(/^\//, '') ?? (typeof id === 'string' ? id : where);
  return { where: isSyntax ? file : where, message: said.replace(/^\[PARSE_ERROR\]\s*/, '').trim(), isSyntax };
}
