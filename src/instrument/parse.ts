import { parseSync, type ParserOptions } from 'oxc-parser';
import { StraddleError } from '../../scheduler/error.ts';
import type { Node } from './node.ts';

/** The host's parser: takes JavaScript, returns an ESTree `Program`, throws on a syntax error. */
export type Parse = (code: string) => unknown;

export interface ParseOptions {
  readonly file: string;
  /** The host's parser; oxc-parser where there is none, or where it does not know the syntax (JSX, types). */
  readonly parse?: Parse;
  /** Whether the file is CommonJS. Default: what the extension says, else either. */
  readonly commonjs?: boolean;
}

/**
 * The syntax tree of a module.
 * @throws {StraddleError} kind `parse`: the file is not valid JavaScript or TypeScript.
 */
export function parseModule(code: string, options: ParseOptions): Node {
  if (options.parse !== undefined) {
    try {
      return options.parse(code) as Node;
    } catch {
      // Some hosts read plain JavaScript only. Whatever is really wrong is found again below.
    }
  }
  const lang = /\.[cm]?ts$/.test(options.file) ? 'ts' : options.file.endsWith('.tsx') ? 'tsx' : 'jsx';
  const commonjs = options.commonjs ?? /\.c[jt]s$/.test(options.file);
  const first = read(code, { lang, sourceType: commonjs ? 'commonjs' : 'module' });
  if (first.program !== undefined) return first.program;
  const second = options.commonjs === undefined && !commonjs ? read(code, { lang, sourceType: 'commonjs' }) : first;
  if (second.program !== undefined) return second.program;
  throw new StraddleError('parse', `${options.file}:${first.at} does not parse: ${first.message}.`);
}

type Reading = { program: Node } | { program: undefined; at: string; message: string };

function read(code: string, options: ParserOptions): Reading {
  const result = parseSync('module', code, { ...options, preserveParens: false });
  const error = result.errors[0];
  // A parser that recovered has found something for the host to report.
  if (error === undefined || result.program.body.length > 0) return { program: result.program as unknown as Node };
  const before = code.slice(0, error.labels[0]?.start ?? 0);
  const at = `${before.split('\n').length}:${before.length - before.lastIndexOf('\n')}`;
  return { program: undefined, at, message: error.message.replace(/\.$/, '') };
}
