import { StraddleError } from '../../scheduler/error.ts';
import type { Call, Operation } from './history.ts';
import { Automaton } from './model.ts';
import type { Model } from './model.ts';
import { intervals } from './precedence.ts';
import type { Consistency, Interval } from './precedence.ts';
import { search } from './search.ts';
import type { Search } from './search.ts';
import { brief, called, contradiction, listing, outcome, table } from './story.ts';
import type { Misfit } from './story.ts';

/** The operations of one key, or all of them. */
export interface Part<C extends Call> {
  readonly key: unknown;
  readonly operations: readonly Operation<C>[];
  readonly intervals: readonly Interval[];
}

export interface Explanation<C extends Call> {
  readonly prefix: readonly Operation<C>[];
  readonly rejected: readonly Operation<C>[];
  readonly message: string;
}

/** Says why the search of that part failed. */
export function explanation<State, C extends Call>(
  part: Part<C>,
  model: Model<State, C>,
  consistency: Consistency,
  automaton: Automaton<State, C>,
  found: Search,
): Explanation<C> {
  const condition = `Not ${phrase[consistency]}${part.key === undefined ? '' : ` for key ${brief(part.key)}`}`;
  const cut = consistency === 'linearizable' ? longestPrefix(part, model, found) : undefined;
  if (cut === undefined) {
    const prefix = inOrder(found, part.operations);
    const rejected = found.stuck.map((index) => part.operations[index]!);
    const misfits = rejected.map((operation) => ({ operation, answers: automaton.answers(found.state, operation) }));
    const message = [
      `${condition}: no order of the operations explains all results.`,
      table(part.operations, new Set(rejected)),
      'The longest order that the model allows:',
      listing(prefix),
      ...misfits.map(contradiction),
    ];
    return { prefix, rejected, message: message.join('\n') };
  }
  const rejected = cut.misfits.map(({ operation }) => operation);
  const until = Math.max(...rejected.map(({ returned }) => returned!));
  const shown = part.operations.filter((operation) => operation.called <= until);
  const later = part.operations.length - shown.length;
  const message = [
    `${condition}: ${rejected.map((operation) => `${called(operation)} → ${outcome(operation)}`).join(', ')} fits no order.`,
    table(shown, new Set(rejected)),
    ...(later > 0 ? [`  (${later} later operation${later === 1 ? ' is' : 's are'} not shown)`] : []),
    'The longest linearizable prefix, in an order that explains it:',
    listing(cut.prefix),
    ...cut.misfits.map(contradiction),
  ];
  return { prefix: cut.prefix, rejected, message: message.join('\n') };
}

const phrase: Record<Consistency, string> = {
  linearizable: 'linearizable',
  sequential: 'sequentially consistent',
  quiescent: 'quiescently consistent',
};

interface Cut<C extends Call> {
  readonly prefix: readonly Operation<C>[];
  readonly misfits: readonly (Misfit & { readonly operation: Operation<C> })[];
}

/**
 * The longest prefix of the history, cut after a response, that is linearizable. Prefixes of linearizable histories are
 * linearizable (Herlihy and Wing 1990), so the first cut that is not ends it; up to its horizon the search of the whole
 * history has found an order. Undefined: pending operations, which may take effect with any result, make it too dear.
 */
function longestPrefix<State, C extends Call>(
  part: Part<C>,
  model: Model<State, C>,
  whole: Search,
): Cut<C> | undefined {
  const most = 50_000 + 4 * whole.configurations;
  const cut = (last: number) => {
    const operations = part.operations
      .filter(({ called }) => called <= last)
      .map((operation) => ((operation.returned ?? Infinity) > last ? pending(operation) : operation));
    const automaton = new Automaton(model, operations, part.key);
    return { operations, automaton, found: search(intervals(operations, 'linearizable'), automaton, most) };
  };
  const responses = [...new Set(part.intervals.map(({ to }) => to))].sort((a, b) => a - b);
  let end = responses.indexOf(whole.horizon);
  try {
    let good = cut(responses[end - 1] ?? -Infinity);
    for (let longer = cut(responses[end]!); longer.found.stuck.length === 0; longer = cut(responses[++end]!))
      good = longer;
    const { operations, automaton, found } = good;
    const misfits = part.operations.flatMap((operation, index) => {
      if (operation.returned !== responses[end]) return [];
      const place = found.order.findIndex((placed) => placed.operation === index);
      return place < 0
        ? [{ operation, answers: automaton.answers(found.state, operation) }]
        : [{ operation, answers: automaton.answers(found.order[place]!.before, operation), place: place + 1 }];
    });
    return { prefix: inOrder(found, operations), misfits };
  } catch (error) {
    if (error instanceof StraddleError && error.kind === 'too-concurrent') return undefined;
    throw error;
  }
}

/** The operation as it was before it responded. */
function pending<C extends Call>(operation: Operation<C>): Operation<C> {
  const { returned, result, error, ...begun } = operation;
  void [returned, result, error];
  return begun as unknown as Operation<C>;
}

export function inOrder<C extends Call>(found: Search, operations: readonly Operation<C>[]): Operation<C>[] {
  return found.order.map(({ operation }) => operations[operation]!);
}
