import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import pc from 'picocolors';
import { CASES } from './cases.ts';
import { loadGuarded } from './load-guarded.ts';
import { measure, PROFILES, type Measured } from './measure.ts';
import { measureGuards, type MeasuredGuards } from './measure-guards.ts';
import { guardsToText, toDeepMarkdown, toMarkdown, toText } from './table.ts';

/*
 * `npm run cases`: runs the race catalogue, prints its table and writes `docs/cases.md`. With `--deep` it does more of
 * everything, removes each guard of the fixed variants, and writes `docs/cases-deep.md`. Exit code 1 if a buggy variant
 * is not found, a fixed one fails, a branch is never seen, or a guard is not missed.
 */

interface Options {
  readonly deep?: boolean;
  readonly json?: boolean;
  readonly only?: string;
  readonly write?: string;
}

async function main(options: Options): Promise<number> {
  const isDeep = options.deep === true || (process.env['STRADDLE_DEEP'] ?? '') !== '';
  const profile = isDeep ? PROFILES.deep : PROFILES.full;
  const isChosen = ({ id }: { id: string }): boolean =>
    options.only === undefined || options.only.split(',').includes(id);
  const chosen = CASES.filter(isChosen);
  if (chosen.length === 0) {
    console.error(`There is no case ${options.only}; the cases are ${CASES.map(({ id }) => id).join(', ')}.`);
    return 2;
  }
  const tell = (text: string): void => {
    if (options.json !== true) console.log(text);
  };
  const all: Measured[] = [];
  for (const race of chosen) {
    const measured = await measure(race, profile);
    all.push(measured);
    tell(toText(measured));
  }
  let guards: MeasuredGuards | undefined;
  if (isDeep) {
    const { cases, switches } = await loadGuarded();
    guards = await measureGuards(cases.filter(isChosen), switches, chosen.length === CASES.length);
    tell(guardsToText(guards));
  }
  const problems = [...all.flatMap((one) => one.problems), ...(guards?.problems ?? [])];
  if (options.json === true) console.log(JSON.stringify({ cases: all, guards, problems }, null, 2));
  if (options.write !== undefined && chosen.length === CASES.length && problems.length === 0) {
    if (guards === undefined) writeFileSync(options.write, toMarkdown(all));
    else writeFileSync(options.write.replace(/\.md$/, '-deep.md'), toDeepMarkdown(all, guards));
  }
  for (const problem of problems) console.error(pc.red(problem));
  return problems.length === 0 ? 0 : 1;
}

const { only, write, ...flags } = new Command('cases')
  .description('Runs the race catalogue and prints its table.')
  .option('--deep', 'more seeds, larger spaces, and every lock, check and gate of the fixed variants removed in turn')
  .option('--json', 'for machines')
  .option('--only <ids>', 'some cases, for instance C03,C05')
  .option(
    '--write <file>',
    'writes the table as Markdown, if every case was run and holds; with --deep to FILE-deep.md',
  )
  .parse()
  .opts<Options>();
process.exitCode = await main({
  ...flags,
  ...(only === undefined ? {} : { only }),
  ...(write === undefined ? {} : { write }),
});
