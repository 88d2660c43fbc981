import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'straddle-docs-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the pages may import. */
const ENTRIES: Record<string, string> = {
  straddle: resolve('src/index.ts'),
  'straddle/point': resolve('scheduler/point.ts'),
  'straddle/fast-check': resolve('src/fast-check.ts'),
  'fast-check': resolve('node_modules/fast-check/lib/fast-check.js'),
};

/** Tests that a snippet registers with Vitest's `test`. */
declare global {
  var snippetTests: (() => unknown)[];
}

/** As a file that can be imported here, every line in its place. */
function resolved(code: string): string {
  return code
    .replace(/from '(straddle[^']*|fast-check)'/g, (_, entry: string) => `from '${ENTRIES[entry]!}'`)
    .replace(/^import \{ test \} from 'vitest';$/m, 'const test = (_, body) => globalThis.snippetTests.push(body);');
}

/** Matches the text as shown; an ellipsis stands for anything. */
function shownAs(text: string): RegExp {
  return new RegExp(`^${text.trimEnd().split('…').map(escape).join('.*')}$`);
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

const PAGES = [
  'README.md',
  ...['getting-started', 'guide', 'strategies', 'fast-check'].map((name) => `docs/${name}.md`),
];

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(page, 'utf8');
  // A snippet, and the output that is shown directly below it.
  const snippets = [...text.matchAll(/```ts\n([\s\S]*?)```\n(?:\n```text\n([\s\S]*?)```)?/g)].map(
    ([, code, output], i) => ({ code: code!, output, name: /^\/\/ (\S+\.ts)$/m.exec(code!)?.[1] ?? `snippet-${i}.ts` }),
  );
  const home = join(folder, page.replace(/\W/g, '-'));
  mkdirSync(home);
  for (const { name, code } of snippets) writeFileSync(join(home, name), resolved(code));

  test('has snippets', () => expect(snippets.length).toBeGreaterThan(1));

  test.each(snippets)('$name runs and prints what is shown', async ({ name, code, output }) => {
    const printed: unknown[][] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((...args) => void printed.push(args));
    globalThis.snippetTests = [];
    try {
      await import(/* @vite-ignore */ join(home, name));
      for (const body of globalThis.snippetTests) await body();
    } finally {
      log.mockRestore();
    }
    expect(globalThis.snippetTests.length > 0).toBe(code.includes("from 'vitest'"));
    if (code.includes('// pass')) expect(printed[0]?.[0]).toBe('pass');
    if (output !== undefined) {
      expect(
        printed
          .map((args) => args.join(' '))
          .join('\n')
          .replaceAll(`${home}/`, ''),
      ).toMatch(shownAs(output));
    }
  });

  test('links lead to files', () => {
    for (const [, target] of text.matchAll(/\]\(([^)#:]+)\)/g)) {
      expect(() => readFileSync(new URL(target!, new URL(`../../${page}`, import.meta.url)))).not.toThrow();
    }
  });

  test('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    for (const [, run, short] of text.matchAll(/npm (?:run (\w+)|(start|test)\b)/g)) {
      expect(Object.keys(scripts)).toContain(run ?? short);
    }
  });
});
