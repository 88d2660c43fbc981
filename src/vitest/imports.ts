import { isAbsolute, relative } from 'node:path';
import type { TestModule } from 'vitest/node';

interface Node {
  readonly file: string | null;
  readonly importedModules: ReadonlySet<Node>;
}

/** The files of the project that a test file has loaded, itself excepted: relative to the root, with forward slashes. */
export function importsOf({ moduleId, project }: TestModule, root: string): string[] {
  const files = new Set<string>();
  const visit = (node: Node): void => {
    for (const next of node.importedModules) {
      const { file } = next;
      if (file === null || files.has(file) || file === moduleId || file.includes('/node_modules/')) continue;
      files.add(file);
      visit(next);
    }
  };
  for (const { moduleGraph } of Object.values(project.vite.environments)) {
    const node = moduleGraph.getModuleById(moduleId);
    if (node !== undefined) visit(node);
  }
  return [...files]
    .filter(isAbsolute)
    .map((file) => relative(root, file).replaceAll('\\', '/'))
    .filter((file) => !file.startsWith('../'));
}
