import type { LoadHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import { createFilter, unmatchedReport, type Filter, type FilterOptions } from './filter.ts';
import { instrumentFile, isProgram } from './load.ts';

/** What the main thread tells the thread that Node runs asynchronous module hooks on. */
export interface HookData {
  readonly options: FilterOptions;
  readonly root: string;
  /** Told about include globs that have not matched yet, after every file. */
  readonly port: MessagePort;
}

let setup: { filter: Filter; root: string; port: MessagePort };

export function initialize({ options, root, port }: HookData): void {
  setup = { filter: createFilter(options, root), root, port };
}

/** ECMAScript modules only: CommonJS keeps its own loader (see `register.ts`). */
export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  const { source, format } = loaded;
  if (!url.startsWith('file:') || !isProgram(format) || source === null || source === undefined) return loaded;
  const text = typeof source === 'string' ? source : new TextDecoder().decode(source);
  const commonjs = format!.startsWith('commonjs');
  const code = instrumentFile(text, fileURLToPath(url), { ...setup, commonjs });
  setup.port.postMessage(unmatchedReport(setup.filter));
  return code === undefined ? loaded : { ...loaded, source: code };
};
