import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import * as straddle from '../../src/index.ts';

const AsyncFunction = (async () => undefined).constructor as new (
  ...args: string[]
) => (...args: unknown[]) => Promise<void>;

describe.each(['README.md', 'docs/guide.md'])('the snippets of %s', (page) => {
  const text = readFileSync(page, 'utf8');
  const snippets = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);

  test('exist', () => expect(snippets.length).toBeGreaterThan(1));

  test.each(snippets)('%#', async (code) => {
    const body = code.replace(/import \{(.*)\} from 'straddle';/, 'const {$1} = straddle;');
    const script = ts.transpile(body, { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext });
    const printed: unknown[][] = [];
    await new AsyncFunction('straddle', 'console', script)(straddle, {
      log: (...args: unknown[]) => printed.push(args),
    });
    if (code.includes('// pass')) expect(printed[0]?.[0]).toBe('pass');
  });

  test('links lead to files', () => {
    for (const [, target] of text.matchAll(/\]\(([^)#:]+)\)/g)) {
      expect(() => readFileSync(new URL(target!, new URL(`../../${page}`, import.meta.url)))).not.toThrow();
    }
  });
});
