import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StraddleError } from '../../scheduler/error.ts';
import { decodeToken } from '../../scheduler/token.ts';
import { withLock, writeWhole } from './lock.ts';

/** Where failing schedules are kept, below the root of the project. */
export const FOLDER = '.straddle';
/** Failing schedules kept of one test; older ones are dropped. */
const MOST_KEPT = 10;
const VERSION = 1;

/** Which test a failure belongs to. */
export interface TestName {
  /** Relative to the root, with forward slashes. */
  readonly file: string;
  /** Suites and test as `-t` matches them. */
  readonly name: string;
  /** Vitest's project, if it has a name. */
  readonly project?: string;
  /** How the test was run: by `test.interleavings`, or unchanged by `straddle explore`. */
  readonly by: 'interleavings' | 'explore';
}

/** What `straddle explore` was told with the options of these names. */
export interface Scope {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly config?: string;
}

/** A failing schedule. */
export interface StoredFailure {
  readonly token: string;
  readonly kind: string;
  readonly message: string;
  readonly reach: string;
  /** It is replayed in the same one. */
  readonly scope?: Scope;
}

/** What the file of one test says. */
export interface Entry {
  readonly test: TestName;
  /** The latest one first. */
  readonly failures: readonly StoredFailure[];
}

/**
 * The example database: failing schedules by test, one readable JSON file for each, tried first next time until
 * they pass. Several processes may use it at once; a file that cannot be read counts as empty.
 */
export class Store {
  readonly folder: string;

  constructor(root: string) {
    this.folder = join(root, FOLDER, 'failures');
  }

  /** Whether anything was ever stored. */
  get exists(): boolean {
    return existsSync(this.folder);
  }

  /** Tokens of a test that this version can replay, the latest first. */
  tokens(test: TestName): string[] {
    return this.#failures(this.#pathOf(test)).map(({ token }) => token);
  }

  /**
   * Notes a failing schedule, or that others pass now. The file of a test that has none left is removed.
   * @throws StraddleError `store` if the folder cannot be written to.
   */
  update(test: TestName, { failed, mended = [] }: { failed?: StoredFailure; mended?: readonly string[] }): void {
    if (failed === undefined && mended.length === 0) return;
    const path = this.#pathOf(test);
    withLock(path, () => {
      const gone = new Set([...mended, failed?.token]);
      const kept = this.#failures(path).filter(({ token }) => !gone.has(token));
      const failures = (failed === undefined ? kept : [essence(failed), ...kept]).slice(0, MOST_KEPT);
      if (failures.length === 0) rmSync(path, { force: true });
      else writeWhole(path, `${JSON.stringify({ straddle: VERSION, test, failures }, null, 2)}\n`);
    });
  }

  /** The tests that a token belongs to, and how they were explored: tests that are alike have the same ones. */
  find(token: string): { readonly test: TestName; readonly scope: Scope }[] {
    return this.entries().flatMap(({ test, failures }) => {
      const failure = failures.find((one) => one.token === token);
      return failure === undefined ? [] : [{ test, scope: failure.scope ?? {} }];
    });
  }

  /**
   * Everything that is stored.
   * @throws StraddleError `store` if the folder is there and cannot be read.
   */
  entries(): Entry[] {
    let names: string[];
    try {
      names = readdirSync(this.folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw new StraddleError('store', `The store ${this.folder} cannot be read: ${(error as Error).message}.`);
    }
    return names
      .filter((name) => name.endsWith('.json'))
      .sort()
      .flatMap((name) => readEntry(join(this.folder, name)) ?? []);
  }

  #failures(path: string): readonly StoredFailure[] {
    return (readEntry(path)?.failures ?? []).filter(({ token }) => isReadable(token));
  }

  /** Readable, and its own for each test. */
  #pathOf({ file, name, project = '', by }: TestName): string {
    const hash = createHash('sha256')
      .update(JSON.stringify([file, name, project, by]))
      .digest('hex')
      .slice(0, 8);
    const base = file.slice(file.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '');
    const words = `${base} ${name}`
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-+|-+$/g, '');
    return join(this.folder, `${words.slice(0, 60)}-${hash}.json`);
  }
}

/** What is written of a failure: its trace is as long as its execution, and the token brings it back. */
function essence({ token, kind, message, reach, scope = {} }: StoredFailure): StoredFailure {
  return { kind, message, reach, token, ...(Object.keys(scope).length === 0 ? {} : { scope }) };
}

/** What a file says, or undefined if it is torn, of another version, or not there. */
function readEntry(path: string): Entry | undefined {
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
  const { straddle, test, failures } = (data ?? {}) as { straddle?: unknown; test?: TestName; failures?: unknown };
  if (straddle !== VERSION || typeof test?.file !== 'string' || typeof test.name !== 'string') return undefined;
  if (!Array.isArray(failures)) return undefined;
  return { test, failures: (failures as StoredFailure[]).filter((one) => typeof one?.token === 'string') };
}

function isReadable(token: string): boolean {
  try {
    decodeToken(token);
    return true;
  } catch {
    return false;
  }
}
