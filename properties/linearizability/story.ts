import { inspect } from 'node:util';
import type { Operation } from './history.ts';
import type { Transition } from './model.ts';

/** An operation that no order has a place for. */
export interface Misfit {
  readonly operation: Operation;
  /** What the model answers instead. */
  readonly answers: readonly Transition<unknown>[];
  /** Its place in the order, from 1, if it is there without its result; else it would come last. */
  readonly place?: number;
}

export function invocation({ name, args }: Pick<Operation, 'name' | 'args'>): string {
  return `${name}(${args.map(brief).join(', ')})`;
}

/** The columns of a history: one for each client, or more if a client's operations overlap. Time runs downwards. */
export function table(operations: readonly Operation[], marked: ReadonlySet<Operation>): string {
  const columns = columnsOf(operations);
  const column = new Map(columns.flatMap((held, index) => held.operations.map((operation) => [operation, index])));
  const rows: string[][] = [columns.map(({ title }) => title)];
  const busy = columns.map(() => false);
  const events = eventsOf(operations);
  for (const [index, { operation, response }] of events.entries()) {
    const at = column.get(operation)!;
    const row: string[] = busy.map((is) => (is ? '│' : ''));
    if (response && events[index - 1]!.operation === operation) {
      // Nothing happened in between: one line tells both.
      row[at] = `${invocation(operation)} → ${outcome(operation)}`;
      rows.pop();
    } else if (response) row[at] = `└ ${outcome(operation)}`;
    else row[at] = `┌ ${invocation(operation)}${operation.returned === undefined ? ' (pending)' : ''}`;
    if (response && marked.has(operation)) row.push('◀');
    busy[at] = !response;
    rows.push(row);
  }
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  return rows
    .map((row) => `  ${row.map((cell, at) => cell.padEnd((widths[at] ?? 0) + 3)).join('')}`.trimEnd())
    .join('\n');
}

/** The order as a numbered list. */
export function listing(order: readonly Operation[]): string {
  if (order.length === 0) return '  (no operation)';
  return order
    .map((operation, index) => {
      const result = operation.returned === undefined ? '(no response yet)' : `→ ${outcome(operation)}`;
      return `  ${index + 1}. ${invocation(operation)} ${result}${by(operation)}`;
    })
    .join('\n');
}

/** What was observed and what the model answers, in one sentence. */
export function contradiction({ operation, answers, place }: Misfit): string {
  const where = place === undefined ? `Next, ${called(operation)}` : `Number ${place}, ${called(operation)},`;
  const answered = answers.map((answer) => {
    if (!('throws' in answer)) return `answers ${value(answer.result)}`;
    return answer.throws === true ? 'throws an error' : `throws ${brief(answer.throws)}`;
  });
  const model = answered.length === 0 ? 'makes it wait' : [...new Set(answered)].join(' or ');
  return `${where} ${'error' in operation ? outcome(operation) : `returned ${value(operation.result)}`}; the model ${model}.`;
}

export function called(operation: Operation): string {
  return `${invocation(operation)}${by(operation)}`;
}

export function outcome({ result, ...rest }: Operation): string {
  if ('error' in rest) return `threw ${brief(String(rest.error))}`;
  return result === undefined ? 'ok' : brief(result);
}

function value(result: unknown): string {
  return result === undefined ? 'nothing' : brief(result);
}

function by({ client }: Operation): string {
  return client === undefined ? '' : ` by ${client}`;
}

export function brief(shown: unknown): string {
  return inspect(shown, { depth: 3, breakLength: Infinity, maxStringLength: 40, maxArrayLength: 12 });
}

interface Column {
  readonly title: string;
  readonly operations: Operation[];
  /** When its last operation responds. */
  until: number;
}

function columnsOf(operations: readonly Operation[]): Column[] {
  const columns = new Map<string, Column[]>();
  for (const operation of operations) {
    const client = operation.client ?? 'client';
    if (!columns.has(client)) columns.set(client, []);
    const own = columns.get(client)!;
    let free = own.find(({ until }) => until < operation.called);
    if (!free)
      own.push((free = { title: own.length ? `${client} (${own.length + 1})` : client, operations: [], until: 0 }));
    free.operations.push(operation);
    free.until = operation.returned ?? Infinity;
  }
  return [...columns.values()].flat();
}

function eventsOf(operations: readonly Operation[]): { operation: Operation; response: boolean; time: number }[] {
  return operations
    .flatMap((operation) => [
      { operation, response: false, time: operation.called },
      ...(operation.returned === undefined ? [] : [{ operation, response: true, time: operation.returned }]),
    ])
    .sort((a, b) => a.time - b.time || Number(a.response) - Number(b.response));
}
