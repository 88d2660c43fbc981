import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import picomatch from 'picomatch';
import { StraddleError } from '../../scheduler/error.ts';

export interface FilterOptions {
  /**
   * Globs, relative to the project's root, of the files to instrument. Globs that name `node_modules` bring
   * packages in and leave the rest as it is; other globs restrict the project's own files.
   * Default: every file outside `node_modules`.
   */
  readonly include?: string | readonly string[];
  /** Globs of files to leave alone; stronger than `include`. */
  readonly exclude?: string | readonly string[];
}

export interface Filter {
  /** Whether to instrument the file of this absolute path. */
  matches(file: string): boolean;
  /** The include globs that no file has matched so far. */
  unmatched(): string[];
}

/** The engine must not wait for itself. */
const own = ['scheduler', 'properties', 'src'].map((folder) =>
  slashed(fileURLToPath(new URL(`../../${folder}/`, import.meta.url))),
);

/**
 * @param root folder that globs are relative to.
 * @throws {StraddleError} kind `glob`: an empty glob.
 */
export function createFilter(options: FilterOptions, root: string): Filter {
  const include = globs(options.include, root);
  const exclude = globs(options.exclude, root);
  const packages = include.filter(({ glob }) => namesPackages(glob));
  const files = include.filter(({ glob }) => !namesPackages(glob));
  const seen = new Set<string>();
  const some = (list: readonly Glob[], paths: readonly string[]): boolean => {
    const hits = list.filter(({ test }) => paths.some(test));
    for (const { glob } of hits) seen.add(glob);
    return hits.length > 0;
  };
  return {
    matches(file) {
      const path = slashed(file);
      if (own.some((folder) => path.startsWith(folder))) return false;
      const inPackage = path.lastIndexOf('/node_modules/');
      const paths = [path, slashed(relative(root, file))];
      if (inPackage >= 0) paths.push(path.slice(inPackage + 1));
      if (exclude.some(({ test }) => paths.some(test))) return false;
      if (inPackage >= 0) return some(packages, paths);
      return files.length === 0 || some(files, paths);
    },
    unmatched: () => include.map(({ glob }) => glob).filter((glob) => !seen.has(glob)),
  };
}

/** One sentence for each include glob that matched nothing. */
export function unmatchedReport(filter: Filter): string[] {
  return filter.unmatched().map((glob) => `The include glob '${glob}' matched no file that was loaded.`);
}

/** Whether a glob is about packages rather than the project's own files. */
function namesPackages(glob: string): boolean {
  return glob.includes('node_modules');
}

/**
 * For each include glob that names packages, what Vitest matches their files with: it leaves packages to Node, and
 * those named in must come through Vite to be instrumented.
 */
export function packagePatterns(include: FilterOptions['include']): RegExp[] {
  return [include ?? []]
    .flat()
    .filter(namesPackages)
    .map((glob) => picomatch.makeRe(`**/${glob.replace(/^(?:\.?\/|\*\*\/)+/, '')}`, { dot: true }));
}

interface Glob {
  readonly glob: string;
  readonly test: (path: string) => boolean;
}

function globs(list: string | readonly string[] | undefined, root: string): Glob[] {
  return [list ?? []].flat().map((glob) => {
    if (glob === '') throw new StraddleError('glob', 'An include or exclude glob is empty.');
    const pattern = glob.startsWith('../') ? slashed(resolve(root, glob)) : glob.replace(/^\.\//, '');
    const match = picomatch(pattern, { dot: true });
    return { glob, test: (path) => match(path) };
  });
}

function slashed(path: string): string {
  return path.replaceAll('\\', '/');
}
