import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
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
  for (const part of ['scheduler', 'properties', 'src/instrument']) {
    for (const path of readdirSync(join(root, part), { recursive: true, encoding: 'utf8' })) {
      if (path.endsWith('.ts')) compile(`${part}/${path}`);
    }
  }
  compile('src/index.ts');
  function compile(path: string): void {
    write(`${modules}/dist/${path.replace(/ts$/, 'js')}`, javascript(readFileSync(join(root, path), 'utf8')));
  }
  const dist = (path: string) => `./dist/src/${path}.js`;
  const entries = {
    '.': dist('index'),
    './vite': dist('instrument/vite'),
    './register': dist('instrument/register'),
  };
  write(`${modules}/package.json`, JSON.stringify({ name: 'straddle', type: 'module', exports: entries }));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  for (const [path, text] of Object.entries(files)) write(path, text);
  return folder;
}

/** TypeScript as plain JavaScript. */
export function javascript(text: string): string {
  return ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  }).outputText;
}
