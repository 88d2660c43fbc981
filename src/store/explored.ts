import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fingerprint } from '../../scheduler/prints.ts';
import { FOLDER } from './store.ts';
import { writeWhole } from './lock.ts';

const VERSION = 1;

/** What earlier explorations of one test came to. */
export interface ExploredTest {
  /** When it was explored last: ISO 8601; empty if it has run in natural order only. */
  readonly at: string;
  /** What is still open: 0 if every schedule was run, else 1 and the awaits that nothing has straddled yet. */
  readonly undecided: number;
}

/** A test file as it was when it was explored. */
export interface ExploredFile {
  /** Of its content and of that of all files of the project that it imports. */
  readonly print: string;
  /** Those files, relative to the root. */
  readonly imports: readonly string[];
  /** By name, as `-t` matches it. */
  readonly tests: Readonly<Record<string, ExploredTest>>;
}

/** What has been explored when, by test file. A memory that cannot be read counts as empty. */
export class Explored {
  readonly #root: string;
  readonly #path: string;
  readonly #files: Map<string, ExploredFile>;

  constructor(root: string) {
    this.#root = root;
    this.#path = join(root, FOLDER, 'explored.json');
    this.#files = new Map(Object.entries(read(this.#path)));
  }

  /** What is known of a file; undefined if it was never explored, or is not what it was. */
  unchanged(file: string, project = ''): ExploredFile | undefined {
    const known = this.#files.get(keyOf(file, project));
    return known !== undefined && known.print === this.#print(file, known.imports) ? known : undefined;
  }

  /** The mean number of tests of the files that are known. */
  get testsPerFile(): number {
    const files = [...this.#files.values()];
    const tests = files.reduce((sum, { tests }) => sum + Object.keys(tests).length, 0);
    return tests === 0 ? 1 : tests / files.length;
  }

  /**
   * Notes tests of one file. If the file is what it was, those that were not run this time are kept, and what is
   * known of those that were not explored.
   */
  note(file: string, project = '', imports: readonly string[], tests: Readonly<Record<string, ExploredTest>>): void {
    const kept = this.unchanged(file, project)?.tests ?? {};
    const fresh = Object.entries(tests).filter(([name, { at }]) => at !== '' || kept[name] === undefined);
    const sorted = imports.toSorted();
    this.#files.set(keyOf(file, project), {
      print: this.#print(file, sorted),
      imports: sorted,
      tests: { ...kept, ...Object.fromEntries(fresh) },
    });
  }

  /** Replaces the file as a whole. */
  write(): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    const files = Object.fromEntries([...this.#files].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    writeWhole(this.#path, `${JSON.stringify({ straddle: VERSION, files }, null, 1)}\n`);
  }

  #print(file: string, imports: readonly string[]): string {
    return fingerprint([file, ...imports].map((name) => contentOf(join(this.#root, name))).join('\0'));
  }
}

function keyOf(file: string, project: string): string {
  return project === '' ? file : `${file} (${project})`;
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function read(path: string): Record<string, ExploredFile> {
  try {
    const { straddle, files } = JSON.parse(readFileSync(path, 'utf8')) as { straddle?: unknown; files?: unknown };
    if (straddle !== VERSION || typeof files !== 'object' || files === null) return {};
    return Object.fromEntries(
      Object.entries(files as Record<string, Partial<ExploredFile> | null>).filter(
        ([, file]) => typeof file?.print === 'string' && Array.isArray(file.imports) && typeof file.tests === 'object',
      ),
    ) as Record<string, ExploredFile>;
  } catch {
    return {};
  }
}
