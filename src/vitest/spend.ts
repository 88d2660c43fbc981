import { relative } from 'node:path';
import type { TestSpecification, Vitest } from 'vitest/node';
import { Explored } from '../store/explored.ts';
import { Store, type Entry } from '../store/store.ts';
import { BUDGET } from './asked.ts';
import type { Budget } from './budget.ts';
import { planOf } from './risk.ts';

/**
 * Has Vitest run the riskiest files first, and workers share the time by risk.
 * @param leftMs real milliseconds from now on.
 */
export function spend(
  leftMs: number,
  { config, projects }: Vitest,
  specifications: readonly TestSpecification[],
  root: string,
): void {
  const named = ({ moduleId, project }: TestSpecification): { file: string; project: string } => ({
    file: relative(root, moduleId).replaceAll('\\', '/'),
    project: project.name,
  });
  const budget: Budget = {
    until: Date.now() + leftMs,
    workers: Math.max(1, Number((config as { maxWorkers?: unknown }).maxWorkers) || 1),
    files: planOf(specifications.map(named), failuresIn(root), new Explored(root)),
  };
  for (const project of projects) project.provide(BUDGET as never, budget as never);
  const places = new Map(budget.files.map((planned, place) => [keyOf(planned), place]));
  const place = (specification: TestSpecification): number => places.get(keyOf(named(specification))) ?? places.size;
  config.sequence.sequencer = class {
    shard(files: TestSpecification[]): TestSpecification[] {
      return files;
    }

    sort(files: TestSpecification[]): TestSpecification[] {
      return files.toSorted((a, b) => place(a) - place(b));
    }
  } as never;
}

function keyOf({ file, project }: { readonly file: string; readonly project: string }): string {
  return `${project}\n${file}`;
}

/** A store that cannot be read keeps nothing from being explored. */
function failuresIn(root: string): Entry[] {
  try {
    return new Store(root).entries();
  } catch {
    return [];
  }
}
