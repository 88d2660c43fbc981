import { Configurations } from './configurations.ts';
import type { Call } from './history.ts';
import type { Automaton } from './model.ts';
import type { Interval } from './precedence.ts';

/** One operation of a sequential order, by index, and the state before it. */
export interface Placed {
  readonly operation: number;
  readonly before: number;
}

export interface Search {
  /** A sequential order of all completed operations if there is one, else one of the longest that were reached. */
  readonly order: readonly Placed[];
  /** The state after that order. */
  readonly state: number;
  /** The completed operations that could come next in that order if the model agreed; none if the search succeeded. */
  readonly stuck: readonly number[];
  /** An order was found of all operations with a smaller `to`. */
  readonly horizon: number;
  /** Distinct pairs of placed operations and state that were reached. */
  readonly configurations: number;
}

/**
 * Looks for a sequential order that the model allows: depth first, always placing an operation that nothing unplaced
 * must precede (Wing and Gong, "Testing and verifying concurrent objects", JPDC 1993), and never twice from the same
 * placed operations and state (Lowe, "Testing for linearizability", CCPE 2017). Where these papers step forward and
 * back over one list of events, this keeps a worklist of configurations, so that lanes and non-deterministic models
 * need nothing more.
 *
 * Beyond the papers, an operation that never changes the state (a read, a failed removal) is placed as soon as the
 * model allows its result, without trying the alternatives: an order that has it later stays valid without it there.
 * That it never does so is presumed until the search sees otherwise, at any state in which the operation could have
 * come, placed or not; then the search starts again without presuming it.
 *
 * @param intervals one for each operation, in the order of `from`; indices are the automaton's.
 * @param most configurations to keep.
 * @throws StraddleError `too-concurrent` if there are more.
 */
export function search<State, C extends Call>(
  intervals: readonly Interval[],
  automaton: Automaton<State, C>,
  most: number,
): Search {
  const presumed = intervals.map(({ to }) => to < Infinity);
  try {
    for (;;) {
      const found = attempt(intervals, automaton, presumed, most);
      if (found) return found;
    }
  } finally {
    // Before any verdict, and before any complaint of what a state changed behind the search's back has led to.
    automaton.verify();
  }
}

/** Undefined: an operation that was presumed to leave the state alone, and placed so, does not; it is no longer presumed. */
function attempt<State, C extends Call>(
  intervals: readonly Interval[],
  automaton: Automaton<State, C>,
  presumed: boolean[],
  most: number,
): Search | undefined {
  const lanes = lanesOf(intervals);
  const relied = new Set<number>();
  const met = new Configurations(intervals.length, most);
  const open = [met.start(automaton.initial)];
  const candidates: number[] = [];
  const reached: number[] = [];
  let furthest = -Infinity;

  while (open.length > 0) {
    const current = open.pop()!;
    const state = met.state(current);
    const horizon = survey(current);
    if (horizon === undefined) return undefined;
    furthest = Math.max(furthest, horizon);
    // While a completed operation is missing, the one of them that responds first can be placed.
    if (horizon === Infinity) return report(current, []);
    const quiet = candidates.find((operation) => presumed[operation] && automaton.next(state, operation).length > 0);
    if (quiet !== undefined) relied.add(quiet);
    for (const operation of quiet === undefined ? promising(state) : [quiet])
      for (const next of automaton.next(state, operation)) {
        const added = met.add(current, operation, next);
        if (added >= 0) reached.push(added);
      }
    // The first of them is tried first.
    while (reached.length > 0) open.push(reached.pop()!);
  }
  const longest = deepest(met);
  survey(longest);
  return report(
    longest,
    candidates.filter((operation) => intervals[operation]!.to < Infinity),
  );

  /**
   * The candidates, most promising first: those with a result that the model does not always allow, because it does
   * now; then those that make it allow another one's; then the others, which can still come later.
   */
  function promising(state: number): readonly number[] {
    const picky = candidates.filter((operation) => automaton.refuses(operation));
    const waiting = picky.filter((operation) => automaton.next(state, operation).length === 0);
    if (waiting.length === 0) return candidates;
    const helpful = (operation: number) =>
      automaton.next(state, operation).some((after) => waiting.some((one) => automaton.next(after, one).length > 0));
    const others = candidates.filter((operation) => !picky.includes(operation));
    return [...picky, ...others.filter(helpful), ...others.filter((operation) => !helpful(operation))];
  }

  /**
   * Collects the unplaced operations that no other unplaced one of their lane must precede, and returns when the first
   * unplaced one responds. Undefined: what was presumed and relied on is wrong.
   */
  function survey(configuration: number): number | undefined {
    const state = met.state(configuration);
    candidates.length = 0;
    let first = Infinity;
    for (const lane of lanes) {
      let horizon = Infinity;
      let latest = -Infinity;
      for (const operation of lane) {
        const { from, to } = intervals[operation]!;
        if (from > horizon) break;
        if (met.has(configuration, operation)) {
          // What is presumed to be quiet was placed as early as can be, and might have come later.
          if (!presumed[operation]) latest = from;
        } else {
          horizon = Math.min(horizon, to);
          candidates.push(operation);
        }
      }
      for (const operation of lane) {
        const { from, to } = intervals[operation]!;
        if (from > horizon) break;
        // An operation that something else placed must follow can no longer come here.
        if (!presumed[operation] || to < latest) continue;
        if (automaton.next(state, operation).every((next) => next === state)) continue;
        presumed[operation] = false;
        if (relied.has(operation)) return undefined;
      }
      first = Math.min(first, horizon);
    }
    return first;
  }

  function report(configuration: number, stuck: readonly number[]): Search {
    const order: Placed[] = [];
    for (let at = configuration; met.parent(at) >= 0; at = met.parent(at))
      order.push({ operation: met.operation(at), before: met.state(met.parent(at)) });
    return {
      order: order.reverse(),
      state: met.state(configuration),
      stuck,
      horizon: furthest,
      configurations: met.size,
    };
  }
}

function lanesOf(intervals: readonly Interval[]): number[][] {
  const lanes = new Map<string, number[]>();
  for (const [index, { lane }] of intervals.entries()) {
    if (!lanes.has(lane)) lanes.set(lane, []);
    lanes.get(lane)!.push(index);
  }
  return [...lanes.values()];
}

function deepest(met: Configurations): number {
  const depths = new Int32Array(met.size);
  let best = 0;
  for (let at = 1; at < met.size; at++) {
    depths[at] = depths[met.parent(at)]! + 1;
    if (depths[at]! > depths[best]!) best = at;
  }
  return best;
}
