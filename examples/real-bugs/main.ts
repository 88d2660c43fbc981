import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { tellFailure } from '../../properties/story.ts';
import { explore, type Report } from '../../src/index.ts';
import { BUGS } from './bugs.ts';
import type { RealBug } from './real-bug.ts';

/*
 * `npm run real-bugs`: ten bugs of published packages, each at a buggy and at a fixed version, unmodified and
 * instrumented as Node loads them. Exit code 1 if one is not found within its executions, or if a fixed version fails.
 */

const SEED = 1;

interface Row {
  readonly bug: RealBug;
  readonly buggy: Report;
  readonly fixed: Report;
  readonly isFound: boolean;
}

async function measure(bug: RealBug): Promise<Row> {
  const options = { runs: 2000, vacuity: 'off', ...bug.options, seed: SEED } as const;
  const buggy = await explore(await bug.scenario(`${bug.name}-buggy`), options);
  const fixed = await explore(await bug.scenario(`${bug.name}-fixed`), options);
  const { failure } = buggy;
  return { bug, buggy, fixed, isFound: failure !== undefined && bug.fails.test(`${failure.kind}: ${failure.message}`) };
}

function tell({ bug, buggy, fixed, isFound }: Row): string {
  const { failure } = buggy;
  const found = isFound
    ? `${failure!.kind} in execution ${failure!.execution} (${failure!.deviations} deviations, ${failure!.preemptions} preemptions, ${failure!.reach})`
    : `not found${failure === undefined ? '' : `, but ${failure.kind}: ${failure.message}`}`;
  return `${bug.name} ${bug.buggy}: ${found}; ${bug.fixed}: ${told(fixed)}`;
}

function told(fixed: Report): string {
  const { failure } = fixed;
  return failure === undefined ? `clean for ${fixed.executions}` : `${failure.kind}: ${failure.message}`;
}

function toMarkdown(rows: readonly Row[]): string {
  const cells = rows.map(({ bug, buggy: { failure }, fixed }) => [
    `[${bug.name}](../examples/real-bugs/${bug.name}.ts)`,
    `${bug.buggy} → ${bug.fixed}`,
    bug.issue,
    bug.kind,
    bug.wrongOrder,
    failure!.execution,
    failure!.deviations,
    failure!.preemptions,
    failure!.reach,
    told(fixed),
  ]);
  const head = [
    'Package',
    'Versions',
    'Where',
    'Kind',
    'Wrong order',
    'Found in',
    'Deviations',
    'Preemptions',
    'Reach',
  ];
  const line = (row: readonly (string | number)[]): string => `| ${row.join(' | ')} |`;
  return [
    '# Bugs of published packages',
    '',
    'Written by `npm run real-bugs`. Each package is installed at a buggy and at a fixed version, unmodified, and instrumented as Node loads it; the scenario drives its public interface with tasks whose input and output are points.',
    '',
    ...[[...head, 'Fixed version'], [...head, ''].map(() => '---'), ...cells].map(line),
    '',
  ].join('\n');
}

const { only, write, json } = new Command('real-bugs')
  .description('Finds ten bugs of published packages.')
  .option('--only <name>', 'one package, with the story of its failure')
  .option('--json', 'for machines, one line for each')
  .option('--write <file>', 'writes the table as Markdown, if all holds')
  .parse()
  .opts<{ only?: string; write?: string; json?: boolean }>();

const chosen = BUGS.filter(({ name }) => only === undefined || name === only);
if (chosen.length === 0) {
  console.error(`There is no bug of ${only!}; there are ${BUGS.map(({ name }) => name).join(', ')}.`);
  process.exitCode = 2;
} else {
  const rows: Row[] = [];
  for (const bug of chosen) {
    const row = await measure(bug);
    rows.push(row);
    const { buggy, fixed, isFound } = row;
    if (only !== undefined && buggy.failure !== undefined) console.log(tellFailure(buggy.failure));
    console.log(json === true ? JSON.stringify({ name: bug.name, isFound, buggy, fixed }) : tell(row));
  }
  const holds = rows.every(({ fixed, isFound }) => isFound && fixed.failure === undefined);
  if (holds && write !== undefined && only === undefined) writeFileSync(write, toMarkdown(rows));
  process.exitCode = holds ? 0 : 1;
}
