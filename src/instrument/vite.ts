import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceMapInput } from '@jridgewell/trace-mapping';
import type { Plugin } from 'vite';
import { createFilter, packagePatterns, unmatchedReport, type FilterOptions } from './filter.ts';
import { transform } from './transform.ts';

/** What other parts of straddle may ask of the plugin. */
export interface StraddleApi {
  /** One sentence for each include glob that has matched no file so far. */
  unmatched(): string[];
}

/**
 * Vite plugin that instruments the project's modules, test files included, and the packages named in `include`,
 * and puts thin dispatchers in the place of timers, clocks, chance and I/O before any module is loaded.
 * It runs after every compiler and before Vitest moves `vi.mock` calls, and not in production builds.
 *
 * @throws {StraddleError} kind `glob`: an empty glob. While it runs: kind `parse`, a file that is no JavaScript.
 */
export function straddle(options: FilterOptions = {}): Plugin<StraddleApi> {
  let root = process.cwd();
  let filter = createFilter(options, root);
  return {
    name: 'straddle',
    enforce: 'post',
    apply: 'serve',
    api: { unmatched: () => unmatchedReport(filter) },

    // Dispatchers stand before any other module is loaded: their file is the first of the set-up files.
    config(config) {
      const test = ((config as VitestConfig).test ??= {});
      const setup = [test.setupFiles ?? []].flat();
      if (!setup.includes(dispatchers)) test.setupFiles = [dispatchers, ...setup];
      const inline = packagePatterns(options.include);
      if (inline.length === 0 || test.server?.deps?.inline === true) return undefined;
      return { test: { server: { deps: { inline } } } } as object;
    },

    configResolved(config) {
      root = config.root;
      filter = createFilter(options, root);
    },

    transform(code, id) {
      const file = programOf(id);
      if (file === undefined || !filter.matches(file)) return null;
      return transform(code, {
        file,
        root,
        parse: (text) => this.parse(text),
        map: () => this.getCombinedSourcemap() as SourceMapInput,
      });
    },
  };
}

/** The file of a module of Vite's, if what Vite gives out for it is a program. */
export function programOf(id: string): string | undefined {
  const [file, query] = id.split('?', 2) as [string, string | undefined];
  return id.includes('\0') || notCode.test(query ?? '') ? undefined : file;
}

/** Queries by which Vite gives out something else than the module's code. */
const notCode = /(?:^|&)(?:raw|url|inline|init|worker|sharedworker|type=style)\b/;

/** Beside this file, compiled or not. */
const dispatchers = fileURLToPath(new URL(`./dispatchers${extname(import.meta.url)}`, import.meta.url));

interface VitestConfig {
  test?: { setupFiles?: string | string[]; readonly server?: { readonly deps?: { readonly inline?: unknown } } };
}
