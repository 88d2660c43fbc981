import { explore, StraddleError, type ExploreOptions } from '../../src/index.ts';
import type { Body, Fixed, RaceCase } from './define-case.ts';
import type * as guards from './guards.ts';
import type { Guard } from './guards.ts';
import { outcomeOf } from './measure.ts';

/** What a guarded tree exports in `catalogue/guards.ts`. */
export type Switches = typeof guards;

/** A guard that was removed, and what became of the first fixed variant that fails without it. */
export interface Removed {
  readonly guard: Guard;
  /** `C03 lock` */
  readonly variant: string;
  /** `kind: message`, or what makes the verdict vacuous. */
  readonly outcome: string;
}

export interface MeasuredGuards {
  /** Guards of the fixed code that was run; each is removed once. */
  readonly guards: number;
  readonly removed: readonly Removed[];
  /** What is wrong, in sentences: a variant without guards, a guard never reached, or one that nobody misses. */
  readonly problems: readonly string[];
}

/** How many executions may miss a guard, at most; tried in turn. */
const RUNS = [300, 3000, 20_000] as const;

interface Variant {
  readonly label: string;
  readonly race: RaceCase;
  readonly fixed: Fixed;
  /** The fewest executions in which it shows everything that it must while nothing is removed. */
  runs: number;
}

/**
 * Removes every guard of the fixed variants, one at a time. Some fixed variant that asks the guard must fail then, or
 * lose a branch.
 */
export async function measureGuards(
  cases: readonly RaceCase[],
  { allGuards, begin, without }: Switches,
  isWhole: boolean,
): Promise<MeasuredGuards> {
  const problems: string[] = [];
  const askedBy = new Map<number, Variant[]>();
  for (const race of cases) {
    for (const [name, fixed] of Object.entries(race.fixed)) {
      const variant: Variant = { label: `${race.id} ${name}`, race, fixed, runs: 0 };
      let asked: ReadonlySet<number> = new Set();
      for (variant.runs of RUNS) {
        const [outcome, all] = await without(undefined, () => run(variant, variant.runs, begin));
        asked = all;
        if (outcome === undefined) break;
        if (variant.runs === RUNS.at(-1)) problems.push(`${variant.label}: ${outcome}`);
      }
      for (const guard of asked) askedBy.set(guard, [...(askedBy.get(guard) ?? []), variant]);
    }
  }
  const removed: Removed[] = [];
  const found = allGuards();
  let all = 0;
  for (const [index, guard] of found.entries()) {
    const variants = askedBy.get(index);
    const label = `${guard.file}: ${guard.where}: ${guard.removal}`;
    if (variants === undefined) {
      if (isWhole) problems.push(`${label}: no fixed variant reaches it.`);
      continue;
    }
    all++;
    const missed = await miss(variants, begin, (work) => without(index, work));
    // What others share with these cases may be missed by those.
    const isOwn = isWhole || cases.some(({ file }) => guard.file === file.replace(/ts$/, 'js'));
    if (missed === undefined && isOwn) problems.push(`${label}: nothing fails.`);
    if (missed !== undefined) removed.push({ guard, ...missed });
  }
  return { guards: isWhole ? found.length : all, removed, problems };
}

/** The first variant that fails, looking shortly at all of them before it looks long at one. */
async function miss(
  variants: readonly Variant[],
  begin: () => void,
  remove: (work: () => Promise<string | undefined>) => Promise<readonly [string | undefined, unknown]>,
): Promise<Pick<Removed, 'variant' | 'outcome'> | undefined> {
  for (const runs of RUNS) {
    for (const variant of variants) {
      if (runs < variant.runs) continue;
      const [outcome] = await remove(() => run(variant, runs, begin));
      if (outcome !== undefined) return { variant: variant.label, outcome };
    }
  }
  return undefined;
}

/** What goes wrong within so many executions, if anything. */
async function run({ race, fixed }: Variant, runs: number, begin: () => void): Promise<string | undefined> {
  const options: ExploreOptions = { ...race.options, ...fixed.options, seed: 1, runs };
  const body: Body = (sim) => {
    begin();
    return fixed.body(sim);
  };
  try {
    return outcomeOf(await explore(body, { ...options, branches: [...(fixed.branches ?? race.branches)] }));
  } catch (error) {
    // A branch that must not be taken.
    if (error instanceof StraddleError) return `${error.kind}: ${error.message}`;
    throw error;
  }
}
