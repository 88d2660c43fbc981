/**
 * The switches of guarded code. What `find-guards.ts` makes of a module asks `isOn` at each of its guards; one of them
 * can be removed for an execution, and those that were asked can be told (mutant schemata, Untch, Offutt and Harrold,
 * 1993: all mutants in one program).
 */

/** Something that fixed code does so that it is not broken: a lock, a check, a gate, a flag, a join. */
export interface Guard {
  /** Path of the module, from the examples folder. */
  readonly file: string;
  /** The declaration that has it. */
  readonly where: string;
  /** What becomes of the code when it is removed. */
  readonly removal: string;
}

const declared: Guard[] = [];
const asked = new Set<number>();
let removed = -1;
let questions = 0;

/** Most questions of one execution: more of them are a loop that nothing ends. */
const MOST_QUESTIONS = 20_000;

/** Called by a guarded module when it is loaded. Returns what asks its guards, by their place in the list. */
export function declareGuards(guards: readonly Guard[]): (index: number) => boolean {
  const base = declared.length;
  declared.push(...guards);
  return (index) => {
    asked.add(base + index);
    if (++questions > MOST_QUESTIONS) throw new Error('goes round in circles');
    return base + index !== removed;
  };
}

/** The guards of all modules loaded so far; the index is what `without` takes. */
export const allGuards = (): readonly Guard[] => declared;

/** Begins an execution. */
export function begin(): void {
  questions = 0;
}

/** Runs `work` without one guard, or with all of them. Resolves to its result and the guards that were asked. */
export async function without<T>(guard: number | undefined, work: () => Promise<T>): Promise<[T, ReadonlySet<number>]> {
  removed = guard ?? -1;
  asked.clear();
  try {
    return [await work(), new Set(asked)];
  } finally {
    removed = -1;
  }
}

/** What a guarded module calls instead of a method of a lock. */
export function locked<Lock extends object>(isOn: boolean, lock: Lock, method: keyof Lock) {
  const take = lock[method] as (...args: unknown[]) => Promise<unknown>;
  return async (...args: unknown[]): Promise<unknown> =>
    isOn ? take.apply(lock, args) : (args.at(-1) as () => unknown)();
}
