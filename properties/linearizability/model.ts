import { inspect, isDeepStrictEqual } from 'node:util';
import { StraddleError } from '../../scheduler/error.ts';
import type { Call, Operation } from './history.ts';
import { snapshot } from './history.ts';
import { invocation } from './story.ts';
import { stateKeys } from './state-key.ts';

/** What a model allows: the next state, and the result, or the message of the error, that the caller sees. */
export type Transition<State> =
  | { readonly state: State; readonly result?: unknown }
  /** `true` stands for any error. */
  | { readonly state: State; readonly throws: string | true };

/** The sequential object that a concurrent one is compared with: a pure function on states that are plain data. */
export interface Model<State, C extends Call = Call> {
  /** The state before the first operation (of one key, if the history is partitioned). */
  init(key: unknown): State;
  /**
   * What an operation does in a state: one transition, or all that a non-deterministic object may choose from; none
   * means that it has to wait. It must leave `state` as it is. Where the result cannot be foretold (a fresh id),
   * `operation.result` tells the observed one; it is absent while the operation is pending.
   */
  step(state: State, operation: Operation<C>): Transition<State> | readonly Transition<State>[];
  /**
   * Splits the history: operations with different keys must not affect each other, and each key is checked apart
   * (P-compositionality, Horn and Kroening 2015). Not used for sequential consistency, which does not compose.
   */
  key?(operation: Operation<C>): unknown;
  /**
   * States with the same key are the same state. Default: an exact text of plain data, in which the order of
   * maps, sets and properties counts and anything else is only equal to itself.
   */
  stateKey?(state: State): string;
}

/** Beside one for each operation; a few seconds' worth. */
const MOST_STATES = 100_000;

/**
 * The model as an automaton over numbered states: a state is kept once, and the model is asked once for each state
 * and operation, however often the search comes by.
 */
export class Automaton<State, C extends Call> {
  readonly #model: Model<State, C>;
  readonly #operations: readonly Operation<C>[];
  readonly #keyOf: (state: State) => string;
  readonly #ids = new Map<string, number>();
  readonly #states: State[] = [];
  readonly #next: (readonly number[])[][] = [];
  readonly #refused = new Set<number>();
  readonly initial: number;

  constructor(model: Model<State, C>, operations: readonly Operation<C>[], key: unknown) {
    this.#model = model;
    this.#operations = operations;
    this.#keyOf = model.stateKey
      ? (state) =>
          asked(
            () => 'in stateKey',
            () => model.stateKey!(state),
          )
      : stateKeys();
    const state = asked(
      () => 'in init',
      () => model.init(key),
    );
    this.initial = this.#intern(state, this.#keyOf(state));
  }

  /** The states that the operation may lead to with the outcome that was observed; with any outcome if it is pending. */
  next(state: number, operation: number): readonly number[] {
    const row = this.#next[state]!;
    return (row[operation] ??= this.#ask(state, operation));
  }

  /** True if the operation's outcome has been found impossible in some state. */
  refuses(operation: number): boolean {
    return this.#refused.has(operation);
  }

  /** What the model lets the operation return in that state. */
  answers(state: number, operation: Operation<C>): readonly Transition<State>[] {
    const where = () => `at ${invocation(operation)}`;
    const answer = asked(where, () => this.#model.step(this.#states[state]!, operation));
    const transitions: readonly unknown[] = Array.isArray(answer) ? answer : [answer];
    for (const transition of transitions)
      if (typeof transition !== 'object' || transition === null || !('state' in transition))
        throw new StraddleError(
          'model',
          `The model returned ${inspect(transition, { depth: 0 })} ${where()}; it must return { state, result } or a list of them.`,
        );
    return transitions as readonly Transition<State>[];
  }

  /** @throws StraddleError `model` if `step` has changed one of the states that it was given. */
  verify(): void {
    for (const [key, id] of this.#ids)
      if (this.#keyOf(this.#states[id]!) !== key)
        throw new StraddleError(
          'model',
          'The model changed a state in place; step() must return a new state and leave the old one as it is.',
        );
  }

  #ask(state: number, index: number): readonly number[] {
    const operation = this.#operations[index]!;
    const next = new Set<number>();
    for (const transition of this.answers(state, operation))
      if (explains(transition, operation)) next.add(this.#intern(transition.state, this.#keyOf(transition.state)));
    if (next.size === 0) this.#refused.add(index);
    return [...next];
  }

  #intern(state: State, key: string): number {
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const most = MOST_STATES + this.#operations.length;
    if (this.#states.length > most) throw tooConcurrent(`${most.toLocaleString('en')} states`);
    this.#ids.set(key, this.#states.length);
    this.#next.push([]);
    return this.#states.push(state) - 1;
  }
}

export function tooConcurrent(reached: string): StraddleError {
  return new StraddleError(
    'too-concurrent',
    `The check gave up after ${reached}: too many operations overlap; give the model a key, or check a shorter history.`,
  );
}

function explains(transition: Transition<unknown>, operation: Operation): boolean {
  if (operation.returned === undefined) return true;
  if ('throws' in transition)
    return 'error' in operation && (transition.throws === true || transition.throws === messageOf(operation.error));
  return !('error' in operation) && isDeepStrictEqual(snapshot(transition.result), snapshot(operation.result));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Runs the user's code, and says in one sentence where it threw. */
export function asked<R>(where: () => string, question: () => R): R {
  try {
    return question();
  } catch (error) {
    throw new StraddleError('model', `The model threw ${where()}: ${String(error)}`, { cause: error });
  }
}
