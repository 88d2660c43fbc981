import { StraddleError } from '../../scheduler/error.ts';
import type { ExploreOptions, Sim } from '../../src/index.ts';

/** One execution of a variant: starts its actors, joins them, checks the invariant. */
export type Body = (sim: Sim) => Promise<void>;

/** Forces the bad order in one execution: the exact order of named points, or gates, each of which is needed. */
export type Forced = { readonly script: readonly string[] } | { readonly gates: Readonly<Record<string, Gates>> };
export type Gates = (sim: Sim) => void;

/** A variant that fails. */
export interface Broken {
  readonly body: Body;
  /** What its failure says: `kind: message`. */
  readonly fails: RegExp;
  readonly forced?: Forced;
  /** What the fixed variant has and this one lacks: a lock, a re-check, an order. */
  readonly without?: string;
  readonly options?: ExploreOptions;
}

/** A variant that must pass with all its branches seen. */
export interface Fixed {
  readonly body: Body;
  /** Instead of the case's. */
  readonly branches?: readonly string[];
  /** The space is small: every schedule is run, or every one with at most so many preemptions. */
  readonly exhaustive?: true | { readonly preemptions: number };
  readonly options?: ExploreOptions;
}

/** One race: what can go wrong, and the variants of the code that it goes wrong in. */
export interface RaceCase {
  /** `C03` */
  readonly id: string;
  readonly title: string;
  /** Where it comes from: sections of the sources, by number. */
  readonly source: string;
  /** The folder, and the file in it, that tells it. */
  readonly file: string;
  /** What must hold in every order. */
  readonly invariant: string;
  /** Named scheduling points of the actors. Each must be reached by some variant. */
  readonly points: readonly string[];
  /** Each must be seen in every fixed variant, or its pass proves nothing. */
  readonly branches: readonly string[];
  readonly buggy: Readonly<Record<string, Broken>>;
  readonly halfFixed?: Readonly<Record<string, Broken>>;
  /** The comment of their code begins with "Fixed": there the deep profile looks for guards, and removes each. */
  readonly fixed: Readonly<Record<string, Fixed>>;
  /** For all variants. */
  readonly options?: ExploreOptions;
}

/**
 * Checks a case and gives it back.
 * @throws StraddleError `case`: no buggy or no fixed variant, or no branches.
 */
export function defineCase(one: RaceCase): RaceCase {
  const missing = (['buggy', 'fixed', 'branches', 'points'] as const).filter(
    (part) => Object.keys(one[part]).length === 0,
  );
  if (missing.length > 0) throw new StraddleError('case', `${one.id} has no ${missing.join(', ')}.`);
  return one;
}

/** @throws Error with the sentence unless the invariant holds. */
export function invariant(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}

/** Starts one task for each actor and waits for all. */
export async function together(sim: Sim, actors: Readonly<Record<string, () => Promise<unknown>>>): Promise<void> {
  await Promise.all(Object.entries(actors).map(([name, body]) => sim.spawn(name, body)));
}
