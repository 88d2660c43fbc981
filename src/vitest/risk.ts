import type { Explored } from '../store/explored.ts';
import type { Entry } from '../store/store.ts';
import { WEIGHTS, type PlannedFile } from './budget.ts';

interface Risk extends PlannedFile {
  /** What its riskiest test is. */
  readonly rank: number;
  readonly undecided: number;
  /** When it was explored last; empty: never. */
  readonly at: string;
}

/**
 * The order in which a budget is spent on test files, and how much of it each test is given: first those with
 * failing schedules in the store, then those that are new or not what they were when they were explored, then
 * those in which most is undecided, of equals the one that was explored longest ago.
 */
export function planOf(
  files: readonly { readonly file: string; readonly project: string }[],
  failures: readonly Entry[],
  explored: Explored,
): PlannedFile[] {
  return files
    .map(({ file, project }) => riskOf(file, project, failures, explored))
    .toSorted(
      (a, b) =>
        b.rank - a.rank ||
        b.undecided - a.undecided ||
        (a.at < b.at ? -1 : a.at > b.at ? 1 : a.file.localeCompare(b.file)),
    )
    .map(({ file, project, weight, tests }) => ({ file, project, weight, tests }));
}

function riskOf(file: string, project: string, failures: readonly Entry[], explored: Explored): Risk {
  const known = explored.unchanged(file, project);
  const tests: Record<string, number> = {};
  for (const [name, { at, undecided }] of Object.entries(known?.tests ?? {}))
    tests[name] = at === '' ? WEIGHTS.changed : undecided === 0 ? WEIGHTS.decided : WEIGHTS.known;
  for (const { test } of failures) {
    if (test.file === file && (test.project ?? '') === project) tests[test.name] = WEIGHTS.failing;
  }
  const weights = Object.values(tests);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const latest = Object.values(known?.tests ?? {});
  return {
    file,
    project,
    tests,
    // How many tests a new file has is not known before it has been loaded.
    weight: known === undefined ? Math.max(sum, WEIGHTS.changed * explored.testsPerFile) : sum,
    rank: Math.max(known === undefined ? WEIGHTS.changed : 0, ...weights),
    undecided: latest.reduce((total, { undecided }) => total + undecided, 0),
    at: latest.map(({ at }) => at).toSorted()[0] ?? '',
  };
}
