import { accessSync, constants, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExploreOptions, Sim } from '../../src/index.ts';

/** A bug of a published package, installed under two aliases: `NAME-buggy` and `NAME-fixed`. */
export interface RealBug {
  readonly name: string;
  readonly buggy: string;
  readonly fixed: string;
  /** Where it was reported or fixed. */
  readonly issue: string;
  readonly kind: string;
  /** The order that shows it. */
  readonly wrongOrder: string;
  /** What the failure says: `kind: message`. */
  readonly fails: RegExp;
  readonly options?: ExploreOptions;
  /** Loads the package under an alias and resolves to the scenario that drives its public interface. */
  readonly scenario: (alias: string) => Promise<(sim: Sim) => Promise<void>>;
}

/** The aliases have no types of their own: a scenario says what it uses. */
export async function load<Module>(specifier: string): Promise<Module> {
  const loaded = (await import(specifier)) as { default?: Module } & Module;
  return loaded;
}

/** A new folder, in memory where the system has a place for that: thousands are made, one for each execution. */
export function scratchFolder(name: string): string {
  return mkdtempSync(join(SCRATCH, `straddle-${name}-`));
}

const SCRATCH = isWritable('/dev/shm') ? '/dev/shm' : tmpdir();

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
