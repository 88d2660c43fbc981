/** A test file's part of a budget, and of each of its tests. */
export interface PlannedFile {
  readonly file: string;
  readonly project: string;
  /** The sum of its tests'. */
  readonly weight: number;
  /** By name, as `-t` matches it; one that is not listed is new. */
  readonly tests: Readonly<Record<string, number>>;
}

/** How the time of one exploration is spent. */
export interface Budget {
  /** When it ends: real milliseconds since 1970. */
  readonly until: number;
  /** Files that are explored at the same time. */
  readonly workers: number;
  /** In the order in which they are explored. */
  readonly files: readonly PlannedFile[];
}

/** By how much more time a test is given than one that has been explored as it is. */
export const WEIGHTS = { failing: 8, changed: 4, known: 1, decided: 0.25 } as const;

/**
 * Real milliseconds for the tests of a file that begins now: in proportion to its weight among the files that are
 * still to come, so that what one leaves over is spent on those after it.
 */
export function fileShare({ until, workers, files }: Budget, file: string, project: string, now: number): number {
  const at = files.findIndex((one) => one.file === file && one.project === project);
  const left = Math.max(0, until - now);
  if (at < 0) return left;
  const weights = files.slice(at).reduce((sum, { weight }) => sum + weight, 0);
  return weights === 0 ? left : Math.min(left, (left * workers * files[at]!.weight) / weights);
}

/** The part of a test in what is left of its file's time. */
export function testShare(left: number, test: string, remaining: readonly string[], file?: PlannedFile): number {
  const weightOf = (name: string): number => file?.tests[name] ?? WEIGHTS.changed;
  const weights = remaining.reduce((sum, name) => sum + weightOf(name), 0);
  return Math.max(0, (left * weightOf(test)) / weights);
}
