import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, describe, expect, test } from 'vitest';
import { built } from './built.ts';

const ROOT = join(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/remote.md'), 'utf8');
const ENTRIES: Record<string, string> = {
  straddle: 'src/index',
  'straddle/point': 'scheduler/point',
  'straddle/remote': 'src/remote/index',
};

const home = mkdtempSync(join(tmpdir(), 'straddle-remote-docs-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const snippets = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text], i) => ({
  text: text!,
  name: /^\/\/ (\S+)\.ts$/m.exec(text!)?.[1],
  file: /^\/\/ (\S+)\.ts$/m.exec(text!)?.[1] ?? `snippet-${i + 1}`,
}));

/** As plain JavaScript, importing what is built. */
function compiled(text: string): string {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  });
  return outputText.replace(
    /from '(straddle[^']*)'/g,
    (_, entry: string) => `from '${built(`${ENTRIES[entry]!}.js`)}'`,
  );
}

writeFileSync(join(home, 'package.json'), '{"type":"module"}');
for (const { file, text } of snippets) writeFileSync(join(home, `${file}.js`), compiled(text));

describe('the guide', () => {
  test.each(snippets.filter(({ name }) => name === undefined))('$file runs and leaves nothing', async ({ file }) => {
    const { stderr } = await promisify(execFile)(process.execPath, [join(home, `${file}.js`)]);
    expect(stderr).toBe('');
  });

  // The compiler takes longer than all the rest.
  test.runIf(process.env['STRADDLE_DEEP'] === '1')('every snippet has right types', () => {
    const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => readFileSync(path, 'utf8'));
    const { options } = ts.parseJsonConfigFileContent({ ...(config.config as object), files: [] }, ts.sys, ROOT);
    const texts = new Map(snippets.map(({ file, text }) => [join(ROOT, `test/remote/${file}.ts`), text]));
    const host = ts.createCompilerHost(options);
    const { fileExists, readFile } = host;
    host.fileExists = (path) => texts.has(path) || fileExists(path);
    host.readFile = (path) => texts.get(path) ?? readFile(path);
    const source = host.getSourceFile.bind(host);
    host.getSourceFile = (path, version) => {
      const text = texts.get(path);
      return text === undefined ? source(path, version) : ts.createSourceFile(path, text, version);
    };
    const paths = Object.fromEntries(Object.entries(ENTRIES).map(([entry, path]) => [entry, [`./${path}.ts`]]));
    const program = ts.createProgram([...texts.keys()], { ...options, noUnusedLocals: false, paths }, host);
    const complaints = [...texts.keys()].flatMap((path) =>
      ts.getPreEmitDiagnostics(program, program.getSourceFile(path)).map(({ messageText }) => messageText),
    );
    expect(complaints).toEqual([]);
  });

  test('names every kind of error that the sources raise, and no other', () => {
    const files = ['src/remote', 'src/remote/parent', 'src/remote/child'].flatMap((folder) =>
      readdirSync(join(ROOT, folder))
        .filter((name) => name.endsWith('.ts'))
        .map((name) => `${folder}/${name}`),
    );
    const raised = [...files, 'scheduler/barriers.ts'].flatMap((file) =>
      [...readFileSync(join(ROOT, file), 'utf8').matchAll(/StraddleError\(\s*'([a-z-]+)'/g)].map(([, kind]) => kind!),
    );
    const named = [...page.matchAll(/^\| `([a-z-]+)` +\| .*$/gm)].map(([, kind]) => kind!);
    const parts = ['start', 'state', 'calls', 'lifecycle', 'serving', 'barriers'];
    expect(named.filter((kind) => !parts.includes(kind)).sort()).toEqual(
      [...new Set(raised)].filter((kind) => kind !== 'usage').sort(),
    );
  });

  test('links lead to files', () => {
    for (const [, target] of page.matchAll(/\]\(([^)#:]+)\)/g)) readFileSync(join(ROOT, 'docs', target!));
  });
});
