import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import * as api from '../../src/payload/index.ts';
import { compilePayload } from './compiled.ts';

const ROOT = join(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/payload.md'), 'utf8');
const snippets = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text]) => text!);

describe('the guide', () => {
  const compiled = compilePayload();

  test.each(snippets.map((text, i) => [i + 1, text] as const))(
    'snippet %i runs and leaves nothing',
    async (_, text) => {
      const { stderr } = await promisify(execFile)(process.execPath, [compiled.module(text)]);
      expect(stderr).toBe('');
    },
  );

  test('every snippet has right types', () => {
    const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => readFileSync(path, 'utf8'));
    const { options } = ts.parseJsonConfigFileContent({ ...(config.config as object), files: [] }, ts.sys, ROOT);
    const texts = new Map(snippets.map((text, i) => [join(ROOT, `test/payload/snippet-${i + 1}.ts`), text]));
    const host = ts.createCompilerHost(options);
    const { fileExists, readFile } = host;
    host.fileExists = (path) => texts.has(path) || fileExists(path);
    host.readFile = (path) => texts.get(path) ?? readFile(path);
    const source = host.getSourceFile.bind(host);
    host.getSourceFile = (path, version) => {
      const text = texts.get(path);
      return text === undefined ? source(path, version) : ts.createSourceFile(path, text, version);
    };
    const paths = { 'straddle/payload': ['./src/payload/index.ts'] };
    const program = ts.createProgram([...texts.keys()], { ...options, noUnusedLocals: false, paths }, host);
    const complaints = [...texts.keys()].flatMap((path) =>
      ts.getPreEmitDiagnostics(program, program.getSourceFile(path)).map(({ messageText }) => messageText),
    );
    expect(complaints).toEqual([]);
  });

  test('names every kind of error that the sources raise, and no other', () => {
    const sources = ['builder', 'cgroup', 'checks', 'handle', 'handshake', 'launch', 'launch-error', 'plan', 'tree'];
    const raised = sources.flatMap((name) =>
      [...readFileSync(join(ROOT, `src/payload/${name}.ts`), 'utf8').matchAll(/'(payload-[a-z-]+)'/g)].map(
        ([, kind]) => kind!,
      ),
    );
    const named = [...page.matchAll(/^\| `(payload-[a-z-]+)`/gm)].map(([, kind]) => kind!);
    expect(named.sort()).toEqual([...new Set(raised)].sort());
  });

  test('mentions everything that can be imported', () => {
    for (const name of Object.keys(api)) expect(page).toContain(name);
  });
});
