import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** The payload runner as plain JavaScript, for processes that do not read TypeScript. Gone after the test file. */
export function compilePayload() {
  const directory = mkdtempSync(join(tmpdir(), 'straddle-payload-'));
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const sources = readdirSync(join(ROOT, 'src/payload')).map((name) => `src/payload/${name}`);
  for (const source of ['scheduler/error.ts', 'scheduler/world/originals.ts', ...sources]) {
    const target = join(directory, source.replace(/ts$/, 'js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, javascript(readFileSync(join(ROOT, source), 'utf8')));
  }
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  const entry = pathToFileURL(join(directory, 'src/payload/index.js')).href;
  let count = 0;
  return {
    /** Writes a module, with `straddle/payload` at hand, and gives its path. */
    module(text: string): string {
      const path = join(directory, `module-${count++}.js`);
      writeFileSync(path, javascript(text.replaceAll("'straddle/payload'", `'${entry}'`)));
      return path;
    },
  };
}

function javascript(text: string): string {
  return ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  }).outputText;
}
