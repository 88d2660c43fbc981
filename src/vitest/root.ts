import { isAbsolute, relative } from 'node:path';
import { asked, isExploring } from './asked.ts';

/**
 * The folder below which failing schedules are kept and that files are named from: where straddle or Vitest was
 * started, since there a failure is brought back. A project of a workspace, or of a configuration that names another
 * `root`, has one below it.
 * @param root of the project that a test belongs to.
 */
export function startedIn(root: string): string {
  if (isExploring) return asked().root;
  const cwd = process.cwd();
  const way = relative(cwd, root);
  return /^\.\.(?:[/\\]|$)/.test(way) || isAbsolute(way) ? root : cwd;
}
