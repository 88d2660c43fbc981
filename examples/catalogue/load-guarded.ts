import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { RaceCase } from './define-case.ts';
import { findGuards } from './find-guards.ts';
import type { Switches } from './measure-guards.ts';

/** The compiled examples. */
const EXAMPLES = fileURLToPath(new URL('../', import.meta.url));

export interface GuardedCatalogue {
  readonly cases: readonly RaceCase[];
  readonly switches: Switches;
}

/** Loads the catalogue from a copy of the compiled examples in which every guard can be removed. */
export async function loadGuarded(): Promise<GuardedCatalogue> {
  const copy = mkdtempSync(join(EXAMPLES, '..', 'guarded-'));
  try {
    for (const name of readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.js')) continue;
      const code = readFileSync(join(EXAMPLES, name), 'utf8');
      const file = name.split(sep).join('/');
      const to = join(copy, name);
      const switches = relative(dirname(to), join(copy, 'catalogue', 'guards.js'))
        .split(sep)
        .join('/');
      mkdirSync(dirname(to), { recursive: true });
      writeFileSync(to, file.startsWith('catalogue/') ? code : findGuards(code, file, switches).code);
    }
    const load = (name: string): Promise<unknown> => import(pathToFileURL(join(copy, 'catalogue', name)).href);
    const { CASES } = (await load('cases.js')) as { CASES: readonly RaceCase[] };
    return { cases: CASES, switches: (await load('guards.js')) as Switches };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
