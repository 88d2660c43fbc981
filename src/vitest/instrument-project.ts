import { AsyncLocalStorage } from 'node:async_hooks';
import type { SourceMapInput } from '@jridgewell/trace-mapping';
import type { TestProject } from 'vitest/node';
import type { Filter } from '../instrument/filter.ts';
import { transform, type Transformed } from '../instrument/transform.ts';
import { programOf } from '../instrument/vite.ts';

interface Loaded {
  readonly code: string;
  readonly map?: unknown;
}

interface Requested {
  map: { readonly mappings?: unknown; readonly sourcesContent?: readonly unknown[] } | null;
}

/** What of a Vite environment is stepped into. */
interface Environment {
  readonly config: { readonly dev?: { readonly moduleRunnerTransform?: boolean } };
  readonly pluginContainer: { transform(code: string, id: string, options?: unknown): Promise<Loaded> };
  transformRequest(url: string, ...rest: unknown[]): Promise<Requested | null>;
}

/** While Vite makes a module: what was done to texts that no plugin had touched, by these texts. */
const request = new AsyncLocalStorage<Map<string, Transformed>>();

/**
 * Instruments what a project's own Vite server gives out, after all of its plugins. A plugin cannot be added from
 * outside to the projects of a workspace: each has a configuration of its own.
 */
export function instrumentProject({ vite }: Pick<TestProject, 'vite'>, filter: Filter, root: string): void {
  for (const environment of Object.values(vite.environments) as unknown as Environment[]) {
    const { pluginContainer } = environment;
    const before = pluginContainer.transform.bind(pluginContainer);
    pluginContainer.transform = async (code, id, options) => {
      const loaded = await before(code, id, options);
      const file = programOf(id);
      if (file === undefined || !filter.matches(file)) return loaded;
      const known = isMap(loaded.map) ? (loaded.map as SourceMapInput) : undefined;
      const done = transform(loaded.code, { file, root, map: () => known });
      if (done === null) return loaded;
      if (known !== undefined) return { ...loaded, code: done.code, map: done.shifts.forward(known) };
      const made = loaded.code === code ? request.getStore() : undefined;
      if (made === undefined) return { ...loaded, code: done.code, map: done.map };
      made.set(code, done);
      return { ...loaded, code: done.code, map: null };
    };
    if (environment.config.dev?.moduleRunnerTransform === true) followRequests(environment);
  }
}

/**
 * Without a map of ours Vite makes one of what it does itself, as it does of a file that is not instrumented; that
 * one is carried on to the text that the user wrote.
 */
function followRequests(environment: Environment): void {
  const before = environment.transformRequest.bind(environment);
  environment.transformRequest = (...args) => {
    const made = new Map<string, Transformed>();
    return request.run(made, async () => {
      const requested = await before(...args);
      const map = requested?.map;
      const done = made.get(map?.sourcesContent?.[0] as string);
      // The very object that Vite keeps.
      if (done !== undefined) requested!.map = done.shifts.backward(map as SourceMapInput);
      return requested;
    });
  };
}

interface Inlining {
  inline?: unknown;
}

/** Has packages loaded through Vite, which Vitest would leave to Node. */
export function inlinePackages(project: Pick<TestProject, 'config'>, patterns: readonly RegExp[]): void {
  if (patterns.length === 0) return;
  const { server } = project.config as unknown as { server?: { deps?: Inlining } };
  // From Vitest 4 on its resolver has taken the list over.
  const { _resolver: resolver } = project as { _resolver?: { options?: Inlining } };
  for (const place of [server?.deps, resolver?.options]) {
    if (place === undefined || place.inline === true) continue;
    place.inline = [...((place.inline as unknown[] | undefined) ?? []), ...patterns];
  }
}

/** Vite says of some modules that they need no map. */
function isMap(map: unknown): boolean {
  return typeof map === 'object' && map !== null && (map as { mappings?: unknown }).mappings !== '';
}
