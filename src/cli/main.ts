#!/usr/bin/env node
import { createRequire } from 'node:module';
import { Command, CommanderError, Option } from 'commander';
import { StraddleError } from '../../scheduler/error.ts';
import { guideOf } from './guide-options.ts';

// Whoever reads along may stop (`| head`): what is left to do is done, and the exit code stays the verdict.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') return;
    process.exitCode = 2;
    if (stream === process.stdout) console.error(`straddle: The output cannot be written: ${message}.`);
  });
}

// Sites are told in the user's own source.
process.setSourceMapsEnabled(true);

const { version } = createRequire(import.meta.url)('straddle/package.json') as { version: string };

const program = new Command('straddle')
  .description('Deterministic concurrency testing: every race both ways, proven and replayable.')
  .version(version)
  .exitOverride()
  .showSuggestionAfterError(true)
  .configureOutput({ outputError: (text, write) => write(`straddle: ${oneLine(text)}`) });

program
  .command('demo')
  .description('the flagship: a vacuous race test exposed, both branches proven, a broken one caught')
  .addOption(
    new Option('--replay <token>', 'run exactly the recorded execution of the broken lifecycle').env('STRADDLE_REPLAY'),
  )
  .option('--step', 'with --replay: walk through it step by step')
  .option('--inspect', 'with --replay: open the Node inspector and stop before the first deviation')
  .option('--json', 'print the reports as JSON (docs/report-schema.md)')
  .addHelpText('after', '\nExamples:\n  straddle demo\n  straddle demo --replay st1.… --step')
  .action(async (options: { replay?: string; json?: boolean; step?: boolean; inspect?: boolean }) => {
    const guide = guideOf(options);
    const { demo } = await import('./demo.ts');
    process.exitCode = await demo({ ...options, ...(guide === undefined ? {} : { guide }) });
  });

/** A command is loaded when it is asked for, all of them to be listed. */
const COMMANDS: Record<string, () => Promise<(program: Command) => void>> = {
  explore: async () => (await import('./explore.ts')).addExplore,
  merge: async () => (await import('./merge.ts')).addMerge,
  replay: async () => (await import('./replay.ts')).addReplay,
  report: async () => (await import('./report.ts')).addReport,
  triage: async () => (await import('./triage.ts')).addTriage,
};
const asked = process.argv[2] ?? '';
for (const load of Object.hasOwn(COMMANDS, asked) ? [COMMANDS[asked]!] : Object.values(COMMANDS))
  (await load())(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof StraddleError) {
    console.error(`straddle: ${error.message}`);
    process.exitCode = 2;
  } else throw error;
}

/** Commander puts its suggestion on a line of its own. */
function oneLine(text: string): string {
  return `${text
    .replace(/^error: /, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ')}\n`;
}
