import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createServer, type Plugin, type ViteDevServer } from 'vite';
import { afterAll, describe, expect, test } from 'vitest';
import type { Site } from '../../scheduler/point.ts';
import { straddle } from '../../src/instrument/vite.ts';

const root = mkdtempSync(join(tmpdir(), 'straddle-vite-'));
const servers: ViteDevServer[] = [];
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  rmSync(root, { recursive: true, force: true });
});

for (const [path, text] of Object.entries({
  'src/a.ts': `// a comment that the compiler drops
interface Row { id: number }
class Repo { load = async (): Promise<Row> => {
  // straddle: find row
  const row: Row = (await find<Row>(1))!; return row; } }
declare function find<T>(id: number): Promise<T>;
export default new Repo();`,
  'src/b.tsx': 'export const b = async (): Promise<unknown> => { await (<i />); };\ndeclare namespace JSX {}',
  'src/broken.js': 'await (;',
  'src/style.css': '.a::after { content: "await x.then(y)" }',
  'src/data.json': '{ "a": "await x" }',
  'src/plain.ts': 'export const c = 1;',
  'src/self.js': 'await b; ',
  'node_modules/queue/package.json': '{ "name": "queue", "type": "module", "exports": "./index.js" }',
  'node_modules/queue/index.js': 'await queue;',
})) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** What a Vue-like plugin does: the parts of a file are modules of their own, known by a query. */
const parts: Plugin = {
  name: 'parts',
  resolveId: (id) => (/\.part|^virtual:/.test(id) ? (id.startsWith('virtual:') ? `\0${id}` : id) : undefined),
  load: (id) => {
    if (id.startsWith('\0virtual:')) return 'await made';
    if (!id.includes('.part')) return undefined;
    return id.includes('type=style') ? '.a { color: red }' : { code: 'await part', map: null };
  },
};

async function serve(options: Parameters<typeof straddle>[0] = {}) {
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
    plugins: [straddle(options), parts],
  });
  servers.push(server);
  return async (url: string): Promise<{ code: string; sites: Site[] }> => {
    const code = (await server.environments.ssr.transformRequest(url))?.code ?? '';
    const rows = code.match(/^ {2}\{"file".*\}(?=,$)/gm) ?? [];
    return { code, sites: rows.map((row) => JSON.parse(row) as Site) };
  };
}

describe('with the default options', async () => {
  const load = await serve();

  test("sites are in the user's TypeScript, and comments there name them", async () => {
    expect((await load('/src/a.ts')).sites).toEqual([
      {
        file: 'src/a.ts',
        line: 5,
        column: 21,
        text: 'find(1)',
        fn: expect.stringMatching(/(^|\.)load$/) as string,
        name: 'find row',
      },
    ]);
  });

  test('JSX', async () => {
    expect((await load('/src/b.tsx')).sites).toMatchObject([{ file: 'src/b.tsx', line: 1, column: 50, fn: 'b' }]);
  });

  test('modules known by a query, but not what is no program', async () => {
    expect((await load(`${root}/src/a.part?part&type=script`)).sites).toMatchObject([
      { file: 'src/a.part', text: 'part' },
    ]);
    expect((await load(`${root}/src/a.part?part&type=style&index=0&lang.css`)).sites).toEqual([]);
    for (const url of [
      '/src/style.css',
      '/src/style.css?inline',
      '/src/data.json',
      '/src/self.js?raw',
      '/src/plain.ts',
    ]) {
      expect((await load(url)).code).not.toContain('__straddle');
    }
  });

  test('not: what other plugins make up, packages', async () => {
    expect((await load('virtual:made')).sites).toEqual([]);
    expect((await load('/node_modules/queue/index.js')).sites).toEqual([]);
  });

  test('a file that does not parse is named', async () => {
    await expect(load('/src/broken.js')).rejects.toThrow(/src\/broken\.js:1:8 does not parse: /);
  });
});

test('twice in a configuration is once', async () => {
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
    plugins: [straddle(), straddle()],
  });
  servers.push(server);
  const { code } = (await server.environments.ssr.transformRequest('/src/self.js'))!;
  expect(code.match(/__straddle_hop\(b/g)).toHaveLength(1);
});

test('packages and folders named in, and globs that matched nothing', async () => {
  const options = { include: ['src/**', 'node_modules/queue/**', 'scr/**'], exclude: ['**/b.*'] };
  const load = await serve(options);
  expect((await load('/node_modules/queue/index.js')).sites).toHaveLength(1);
  expect((await load('/src/b.tsx')).sites).toEqual([]);
  const plugin = servers.at(-1)!.config.plugins.find(({ name }) => name === 'straddle') as ReturnType<typeof straddle>;
  expect(plugin.api!.unmatched()).toEqual([
    "The include glob 'src/**' matched no file that was loaded.",
    "The include glob 'scr/**' matched no file that was loaded.",
  ]);
  await load('/src/a.ts');
  expect(plugin.api!.unmatched()).toEqual(["The include glob 'scr/**' matched no file that was loaded."]);
});

describe('Vitest is asked to load packages through Vite', () => {
  const inlineOf = (include: string | string[], config: object = {}) => {
    const hook = straddle({ include }).config as (config: object) => unknown;
    return (hook(config) as { test: { server: { deps: { inline: RegExp[] } } } } | undefined)?.test.server.deps.inline;
  };
  const file = '/p/node_modules/.pnpm/queue@1/node_modules/queue/lib/q.js';

  test('those that are named', () => {
    expect(inlineOf(['node_modules/queue/**'])![0]!.test(file)).toBe(true);
    expect(inlineOf('**/node_modules/queue/**')![0]!.test(file)).toBe(true);
    expect(inlineOf('node_modules/other/**')![0]!.test(file)).toBe(false);
  });

  test('not where there is nothing to ask for', () => {
    expect(inlineOf('src/**')).toBeUndefined();
    expect(inlineOf('node_modules/**', { test: { server: { deps: { inline: true } } } })).toBeUndefined();
  });
});
