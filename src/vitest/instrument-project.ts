import remapping from '@jridgewell/remapping';
import type { SourceMapInput } from '@jridgewell/trace-mapping';
import type { TestProject } from 'vitest/node';
import type { Filter } from '../instrument/filter.ts';
import { transform } from '../instrument/transform.ts';
import { programOf } from '../instrument/vite.ts';

interface Loaded {
  readonly code: string;
  readonly map?: unknown;
}

type Transform = (code: string, id: string, options?: unknown) => Promise<Loaded>;

/**
 * Instruments what a project's own Vite server gives out, after all of its plugins. A plugin cannot be added from
 * outside to the projects of a workspace: each has a configuration of its own.
 */
export function instrumentProject({ vite }: Pick<TestProject, 'vite'>, filter: Filter, root: string): void {
  for (const { pluginContainer } of Object.values(vite.environments)) {
    const container = pluginContainer as unknown as { transform: Transform };
    const before = container.transform.bind(container);
    container.transform = async (code, id, options) => {
      const loaded = await before(code, id, options);
      const file = programOf(id);
      if (file === undefined || !filter.matches(file)) return loaded;
      const known = isMap(loaded.map) ? loaded.map : undefined;
      const done = transform(loaded.code, { file, root, map: () => known as SourceMapInput | undefined });
      if (done === null) return loaded;
      if (known === undefined) return { ...loaded, code: done.code, map: done.map };
      const own = JSON.parse(done.map.toString()) as Input;
      return { ...loaded, code: done.code, map: remapping([own, known as Input], () => null) };
    };
  }
}

type Input = Exclude<Parameters<typeof remapping>[0], readonly unknown[]>;

/** Vite says of some modules that they need no map. */
function isMap(map: unknown): boolean {
  return typeof map === 'object' && map !== null && (map as { mappings?: unknown }).mappings !== '';
}
