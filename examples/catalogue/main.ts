import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import pc from 'picocolors';
import { CASES } from './cases.ts';
import { measure, PROFILES, type Measured } from './measure.ts';
import { toMarkdown, toText } from './table.ts';

/*
 * `npm run cases`: runs the race catalogue, prints its table and writes `docs/cases.md`. Exit code 1 if a buggy
 * variant is not found, a fixed one fails, or a branch is never seen.
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
  const chosen = CASES.filter(({ id }) => options.only === undefined || options.only.split(',').includes(id));
  if (chosen.length === 0) {
    console.error(`There is no case ${options.only}; the cases are ${CASES.map(({ id }) => id).join(', ')}.`);
    return 2;
  }
  const all: Measured[] = [];
  for (const race of chosen) {
    const measured = await measure(race, profile);
    all.push(measured);
    if (options.json !== true) console.log(toText(measured));
  }
  const problems = all.flatMap((one) => one.problems);
  if (options.json === true) console.log(JSON.stringify({ cases: all, problems }, null, 2));
  if (options.write !== undefined && options.only === undefined && !isDeep && problems.length === 0)
    writeFileSync(options.write, toMarkdown(all));
  for (const problem of problems) console.error(pc.red(problem));
  return problems.length === 0 ? 0 : 1;
}

const { only, write, ...flags } = new Command('cases')
  .description('Runs the race catalogue and prints its table.')
  .option('--deep', 'more seeds, larger spaces, and what each lock, re-check and gate is there for')
  .option('--json', 'for machines')
  .option('--only <ids>', 'some cases, for instance C03,C05')
  .option('--write <file>', 'writes the table as Markdown, if every case was run and holds')
  .parse()
  .opts<Options>();
process.exitCode = await main({
  ...flags,
  ...(only === undefined ? {} : { only }),
  ...(write === undefined ? {} : { write }),
});
