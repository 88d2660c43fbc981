import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { transformSync } from 'rolldown/utils';
import { afterAll } from 'vitest';

const root = join(import.meta.dirname, '../..');

/**
 * A folder with straddle in `node_modules`, compiled as it is now, and the given files beside it: a user's project
 * for real processes. Gone after the test file.
 */
export function createProject(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'straddle-project-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const modules = 'node_modules/straddle';
  for (const part of ['scheduler', 'properties', 'src', 'examples']) {
    for (const path of readdirSync(join(root, part), { recursive: true, encoding: 'utf8' })) {
      if (path.endsWith('.ts')) compile(`${part}/${path}`);
    }
  }
  function compile(path: string): void {
    write(`${modules}/dist/${path.replace(/ts$/, 'js')}`, javascript(readFileSync(join(root, path), 'utf8')));
  }
  write(`${modules}/package.json`, readFileSync(join(root, 'package.json'), 'utf8'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  for (const [path, text] of Object.entries(files)) write(path, text);
  return folder;
}

/** TypeScript as plain JavaScript. */
export function javascript(text: string): string {
  const { code, errors } = transformSync('module.ts', text, {
    target: 'es2023',
    typescript: { rewriteImportExtensions: 'rewrite', onlyRemoveTypeImports: true },
  });
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  return code;
}
