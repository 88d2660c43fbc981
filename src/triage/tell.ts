import { wilson } from '../../properties/statistics.ts';
import type { TriageDocument } from './document.ts';
import { percent, share } from './triage.ts';

/** A triage as a person reads it. */
export function tellTriage(document: TriageDocument): string {
  const { cause, evidence, plain, variations, failures, complete, order, subject } = document;
  const rows = [
    ['', 'runs', 'failed', '95 % interval', ''],
    ['plain', ...cells(plain), ''],
    ...summed(variations).map((one) => [one.name, ...cells(one), one.explains ? '<' : '']),
  ];
  const letters = new Map(failures.map(({ signature }, i) => [signature, letter(i)]));
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const table = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
  const groups = failures.map(({ count, excerpt, signature }) => ({ count, excerpt, name: letters.get(signature)! }));
  return [
    `${cause}: ${subject}`,
    ...evidence.map((sentence) => `  ${sentence}`),
    ...(complete ? [] : ['  Ended early: what is known so far.']),
    '',
    `It fails in ${share(plain)}.`,
    `  ${plain.outcomes.map(({ passed, signature }) => (passed ? '.' : letters.get(signature ?? '')!)).join('')}`,
    '',
    ...table.map((line) => `  ${line}`),
    ...(groups.length === 0 ? [] : ['', groups.length === 1 ? 'The failure:' : `${groups.length} distinct failures:`]),
    ...groups.flatMap(({ name, count, excerpt }) => [
      `  ${name}, ${count} ${count === 1 ? 'time' : 'times'}:`,
      ...excerpt.split('\n').map((line) => `    ${line}`),
    ]),
    ...(order === undefined ? [] : ['', order.story, '', 'A regression test:', '', order.regressionTest]),
  ].join('\n');
}

/** The levels of an axis that explain nothing are one row. */
function summed(variations: TriageDocument['variations']): (Counted & { name: string; explains: boolean })[] {
  const rows = new Map<string, Counted & { name: string; explains: boolean }>();
  for (const { axis, level, explains, ...counts } of variations) {
    const name = explains ? `${axis}: ${level}` : axis;
    rows.set(name, { name, explains, ...sum(rows.get(name) ?? { runs: 0, failures: 0 }, counts) });
  }
  return [...rows.values()];
}

type Counted = Pick<TriageDocument['plain'], 'runs' | 'failures' | 'interval'>;

function sum(a: Pick<Counted, 'runs' | 'failures'>, b: Pick<Counted, 'runs' | 'failures'>): Counted {
  const [runs, failures] = [a.runs + b.runs, a.failures + b.failures];
  return { runs, failures, interval: wilson(failures, runs) };
}

/** A, B, … Z, then all the rest. */
function letter(index: number): string {
  return index < 26 ? String.fromCharCode(65 + index) : '?';
}

function cells({ runs, failures, interval }: Counted): string[] {
  return [String(runs), String(failures), `${percent(interval.low)} to ${percent(interval.high)}`];
}
