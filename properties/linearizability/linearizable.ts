import { StraddleError } from '../../scheduler/error.ts';
import { explanation, inOrder } from './explanation.ts';
import type { Part } from './explanation.ts';
import { checkedHistory } from './history.ts';
import type { Call, Operation } from './history.ts';
import { asked, Automaton } from './model.ts';
import type { Model } from './model.ts';
import { intervals } from './precedence.ts';
import type { Consistency, Interval } from './precedence.ts';
import { search } from './search.ts';
import { called } from './story.ts';

/** The history is consistent. */
export interface Explained<C extends Call = Call> {
  readonly ok: true;
  /** For each key (`undefined` without partitioning), a sequential order that explains its operations. */
  readonly orders: ReadonlyMap<unknown, readonly Operation<C>[]>;
  /** Distinct configurations that the search went through. */
  readonly configurations: number;
  readonly message?: undefined;
}

/** The history is not consistent; the other members speak of the first key for which it is not. */
export interface Unexplained<C extends Call = Call> {
  readonly ok: false;
  readonly key: unknown;
  /**
   * The longest linearizable prefix of the history, in an order that explains it; operations that respond later are
   * pending in it. For the other conditions, which are not closed under prefixes, and where finding it would take far
   * longer than the verdict, the longest order that the model allows.
   */
  readonly prefix: readonly Operation<C>[];
  /** The operation whose response ends the prefix, or all that could come next in the order. */
  readonly rejected: readonly Operation<C>[];
  readonly configurations: number;
  /** The history as a table, the prefix, and what the model answers instead. */
  readonly message: string;
}

/**
 * Checks that the operations of a history, however they overlapped, gave results that a sequential object could
 * have given one after the other. The cost grows exponentially with the number of operations that overlap; `model.key`
 * brings it down.
 *
 * @param history as `recorded` gives it, or written by hand. Operations without `returned` are pending: they may have
 *   taken effect or not.
 * @param options.consistency default `linearizable`.
 * @returns the verdict; without a history, a function that takes one.
 * @throws StraddleError `history` or `model` for one that is malformed, `model` if the model throws or changes a state
 *   in place, `too-concurrent` if so much overlaps that the search gives up (after 2 million configurations, or
 *   100,000 distinct states: some seconds).
 * Sources: Wing and Gong 1993, Lowe 2017, Horn and Kroening 2015 (see `search` and `Model.key`).
 */
export function linearizable<State, C extends Call>(
  history: readonly Operation<C>[],
  model: Model<State, C>,
  options?: { consistency?: Consistency },
): Explained<C> | Unexplained<C>;
export function linearizable<State, C extends Call>(
  model: Model<State, C>,
  options?: { consistency?: Consistency },
): (history: readonly Operation<C>[]) => Explained<C> | Unexplained<C>;
export function linearizable(...given: readonly unknown[]): unknown {
  const [first, ...rest] = given;
  if (isModel(first)) {
    return (history: readonly Operation[]) => verdictOf(history, first, rest[0] as { consistency?: Consistency });
  }
  return verdictOf(...(given as Parameters<typeof verdictOf>));
}

function isModel(value: unknown): value is Model<unknown> {
  const { init, step } = (value ?? {}) as Partial<Model<unknown>>;
  return typeof init === 'function' && typeof step === 'function';
}

function verdictOf<State, C extends Call>(
  history: readonly Operation<C>[],
  model: Model<State, C>,
  options: { consistency?: Consistency } = {},
): Explained<C> | Unexplained<C> {
  if (typeof model?.init !== 'function' || typeof model.step !== 'function')
    throw new StraddleError('model', 'A model has two functions, init() and step(state, operation).');
  const consistency = options.consistency ?? 'linearizable';
  const operations = checkedHistory(history);
  const orders = new Map<unknown, readonly Operation<C>[]>();
  let configurations = 0;
  for (const part of partition(operations, intervals(operations, consistency), model, consistency)) {
    const automaton = new Automaton(model, part.operations, part.key);
    const found = search(part.intervals, automaton, MOST_CONFIGURATIONS);
    configurations += found.configurations;
    if (found.stuck.length === 0) orders.set(part.key, inOrder(found, part.operations));
    else
      return { ok: false, key: part.key, configurations, ...explanation(part, model, consistency, automaton, found) };
  }
  return { ok: true, orders, configurations };
}

/** Some seconds' worth. */
const MOST_CONFIGURATIONS = 1 << 21;

/** The intervals were made before this: quiescence is a matter of the whole object, not of one key. */
function partition<State, C extends Call>(
  operations: readonly Operation<C>[],
  bounds: readonly Interval[],
  model: Model<State, C>,
  consistency: Consistency,
): Iterable<Part<C>> {
  const parts = new Map<unknown, { key: unknown; operations: Operation<C>[]; intervals: Interval[] }>();
  const keyed = model.key !== undefined && consistency !== 'sequential';
  for (const [index, operation] of operations.entries()) {
    const key = keyed
      ? asked(
          () => `in key for ${called(operation)}`,
          () => model.key!(operation),
        )
      : undefined;
    if (!parts.has(key)) parts.set(key, { key, operations: [], intervals: [] });
    parts.get(key)!.operations.push(operation);
    parts.get(key)!.intervals.push(bounds[index]!);
  }
  return parts.values();
}
