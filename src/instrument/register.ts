import { readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { createFilter, unmatchedReport, type FilterOptions } from './filter.ts';
import './dispatchers.ts';
import { instrumentFile, isProgram } from './load.ts';
import type { HookData } from './hooks.ts';

/*
 * `node --import straddle/register app.js`: instruments what Node loads from here on, as the Vite plugin does, and
 * puts thin dispatchers in the place of timers, clocks, chance and I/O.
 *
 * STRADDLE_INCLUDE and STRADDLE_EXCLUDE are comma-separated globs, relative to the working directory.
 * A compiler such as tsx is imported first: `node --import tsx --import straddle/register app.ts`.
 *
 * Not possible: what was loaded before this line, `eval`, `new Function` and `node:vm`, native addons, and
 * snapshots. Worker threads and child processes are instrumented if they inherit the flag (as they do by default).
 */
const root = process.cwd();
const globs = (variable: string): string[] => (process.env[variable] ?? '').split(',').filter((glob) => glob !== '');
const options: FilterOptions = { include: globs('STRADDLE_INCLUDE'), exclude: globs('STRADDLE_EXCLUDE') };
const filter = createFilter(options, root);

/** Newer than the type definitions in use. */
interface SyncHooks {
  registerHooks?(hooks: { load: SyncLoad }): unknown;
}
type SyncLoad = (url: string, context: unknown, nextLoad: (url: string, context: unknown) => Loaded) => Loaded;
interface Loaded {
  readonly format?: string | null;
  readonly source?: string | Uint8Array | null;
}

// Stack traces show the user's columns.
process.setSourceMapsEnabled(true);

const { registerHooks } = nodeModule as SyncHooks;
const missing = registerHooks === undefined ? registerThread() : registerInline(registerHooks);
process.on('exit', () => {
  for (const sentence of missing()) console.error(`straddle: ${sentence}`);
});

/** Node 22.15 and newer: one hook in this thread, for `import` and `require` alike. */
function registerInline(register: NonNullable<SyncHooks['registerHooks']>): () => string[] {
  register({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.startsWith('file:') || !isProgram(loaded.format)) return loaded;
      const file = fileURLToPath(url);
      const text = loaded.source === null || loaded.source === undefined ? readFileSync(file) : loaded.source;
      const commonjs = loaded.format!.startsWith('commonjs');
      const code = instrumentFile(typeof text === 'string' ? text : new TextDecoder().decode(text), file, {
        filter,
        root,
        commonjs,
      });
      return code === undefined ? loaded : { ...loaded, source: code };
    },
  });
  return () => unmatchedReport(filter);
}

/**
 * Node 20: hooks in a thread of their own see `import`. A hook that hands out the text of a CommonJS file takes
 * `require.cache` and more away from it, so CommonJS is instrumented where its own loader compiles it.
 */
function registerThread(): () => string[] {
  const { port1, port2 } = new MessageChannel();
  port1.unref();
  const data: HookData = { options, root, port: port2 };
  nodeModule.register('./hooks.js', import.meta.url, { data, transferList: [port2] });

  const prototype = nodeModule.Module.prototype as unknown as { _compile(code: string, file: string): unknown };
  const compile = prototype._compile;
  prototype._compile = function (code, file, ...rest: []) {
    return compile.call(this, instrumentFile(code, file, { filter, root, commonjs: true }) ?? code, file, ...rest);
  };
  return () => {
    let imported = unmatchedReport(filter);
    for (let told; (told = receiveMessageOnPort(port1));) imported = told.message as string[];
    const required = unmatchedReport(filter);
    return required.filter((sentence) => imported.includes(sentence));
  };
}
