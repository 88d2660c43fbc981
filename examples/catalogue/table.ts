import type { Report } from '../../src/index.ts';
import type { MeasuredGuards, Removed } from './measure-guards.ts';
import type { Found, Measured, Proven } from './measure.ts';

type Cells = readonly (string | number)[];

/** One case as it is printed while the catalogue runs. */
export function toText({ race, found, proven }: Measured): string {
  const lines = [
    ...found.map((one) => [`  ${one.kind}: ${one.name}`, ...toldOf(one)].join('  ')),
    ...proven.map((one) => `  fixed: ${one.name}  ${howFar(one)}  ${branchesOf(one.report)}`),
  ];
  return [`${race.id} ${race.title}`, ...lines].join('\n');
}

function toldOf({ executions, outcome, failure, forced, without }: Found): string[] {
  if (outcome === undefined) return ['not found'];
  return [
    `${kindOf(outcome)} in ${executions} (median)`,
    ...(failure === undefined
      ? []
      : [`${failure.deviations} deviations, ${failure.preemptions} preemptions, ${failure.reach}`]),
    ...(forced === undefined ? [] : [forced ? 'forced in one execution' : 'not forced']),
    ...(without === undefined ? [] : [`lacks ${without}`]),
  ];
}

/** The whole table as Markdown, written by the run and by nobody else. */
export function toMarkdown(all: readonly Measured[]): string {
  const races = all.map((one) => [link(one), one.race.title, one.race.source, one.race.invariant]);
  const broken = all.flatMap((one) =>
    one.found.map(({ name, kind, executions, outcome, failure, forced }) => [
      link(one),
      `${kind}: ${name}`,
      executions,
      outcome === undefined ? 'not found' : kindOf(outcome),
      failure?.deviations ?? '',
      failure?.preemptions ?? '',
      forced === undefined ? '' : forced ? 'yes' : 'no',
    ]),
  );
  const fixed = all.flatMap((one) =>
    one.proven.map((proven) => [link(one), proven.name, howFar(proven), branchesOf(proven.report)]),
  );
  const lacking = all.flatMap((one) =>
    one.found
      .filter(({ without }) => without !== undefined)
      .map(({ name, without, outcome }) => [link(one), without!, name, outcome ?? 'nothing']),
  );
  return [
    '# The race catalogue',
    '',
    'Written by `npm run cases`; every number is a measurement of that run.',
    '',
    ...rows(['Case', 'Race', 'Source', 'Invariant'], races),
    '',
    '## Broken variants, found',
    '',
    'Executions: the median over the seeds up to the failure, with the default strategy. Deviations and preemptions are those of the minimised story. Forced: a script or gates make it fail in one execution.',
    '',
    ...rows(['Case', 'Variant', 'Executions', 'Failure', 'Deviations', 'Preemptions', 'Forced'], broken),
    '',
    '## Fixed variants, proven',
    '',
    'Each passed with every branch seen; after a branch, the number of executions that took it.',
    '',
    ...rows(['Case', 'Variant', 'Schedules', 'Branches'], fixed),
    '',
    '## Without one thing',
    '',
    'Variants that lack one lock, re-check or order of a fixed one, and what happens then. In the [deep profile](cases-deep.md) (`npm run cases -- --deep`) every lock, check, gate and flag of the fixed code is removed in turn.',
    '',
    ...rows(['Case', 'Without', 'Variant', 'What happens'], lacking),
    '',
  ].join('\n');
}

/** What the deep profile found out, as Markdown. */
export function toDeepMarkdown(all: readonly Measured[], { guards, removed }: MeasuredGuards): string {
  const fixed = all.flatMap((one) =>
    one.proven.map((proven) => [link(one), proven.name, howFar(proven), branchesOf(proven.report)]),
  );
  const missed = removed.map(({ guard, variant, outcome }) => [
    `[${guard.file.replace(/\.js$/, '')}](../examples/${guard.file.replace(/js$/, 'ts')})`,
    `\`${guard.where}\``,
    `\`${guard.removal}\``,
    variant,
    toldShortly(outcome),
  ]);
  return [
    '# The race catalogue, deep',
    '',
    'Written by `npm run cases -- --deep`: fifty seeds for each broken variant, all schedules of a fixed one within as many preemptions as fit into the budget, and the fixed code without each of its guards. The short run is in [cases.md](cases.md).',
    '',
    '## Fixed variants, proven',
    '',
    ...rows(['Case', 'Variant', 'Schedules', 'Branches'], fixed),
    '',
    '## Guards, removed one at a time',
    '',
    'A guard is what fixed code does so that it is not broken: it takes a lock, looks again, holds somebody back, raises a flag, waits for somebody, wakes somebody up. They are found in the syntax tree of all code whose comment begins with "Fixed", and each is removed in turn: a body runs without its lock, a condition always or never holds, a statement is not there. Then the case must fail.',
    '',
    `Guards found: ${guards}. Removed: ${removed.length}. A failure each time.`,
    '',
    ...rows(['Code', 'In', 'Removed', 'Variant', 'What happens'], missed),
    '',
  ].join('\n');
}

/** The guards as they are printed. */
export function guardsToText({ guards, removed }: MeasuredGuards): string {
  const told = ({ guard, variant, outcome }: Removed): string =>
    `  ${guard.file} ${guard.where}: ${guard.removal}  ${variant}: ${toldShortly(outcome)}`;
  return [`Guards: ${guards}, of which ${removed.length} are missed when they are removed`, ...removed.map(told)].join(
    '\n',
  );
}

const link = ({ race }: Measured): string => `[${race.id}](../examples/${race.file})`;

/** The first sentence. */
function toldShortly(outcome: string): string {
  const [first] = /^[^:]*: (?:deadlock: )?[^:;.]*/.exec(outcome) ?? [outcome];
  return first;
}

/** The kind, of `kind: message`. */
function kindOf(outcome: string): string {
  return outcome.slice(0, outcome.indexOf(':'));
}

function howFar({ report, preemptions }: Proven): string {
  if (!report.exhaustive) return `sampled: ${report.executions}`;
  const bound =
    preemptions === undefined ? '' : ` with at most ${preemptions} preemption${preemptions === 1 ? '' : 's'}`;
  return `exhaustive: all ${report.executions}${bound}`;
}

function branchesOf({ branches }: Report): string {
  return Object.entries(branches)
    .map(([label, { executions }]) => `${label} ${executions}`)
    .join(', ');
}

function rows(head: Cells, body: readonly Cells[]): string[] {
  const line = (cells: Cells): string =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...body.map(line)];
}
