import type { Command } from 'commander';
import { StraddleError } from '../../scheduler/error.ts';
import { countFrom1, duration } from './arguments.ts';
import { colours } from './colours.ts';
import { interruptible } from './interrupt.ts';
import { progressBar } from './progress.ts';

interface TriageOptions {
  readonly runs: number;
  readonly timeout: number;
  readonly budget?: number;
  readonly json?: boolean;
}

export function addTriage(program: Command): void {
  program
    .command('triage')
    .description('why does it fail now and then? measures the rate, varies one thing at a time, names the cause')
    .usage('[options] -- <command…>')
    .argument('[command...]', 'after --: a command and its arguments')
    .option('--runs <n>', 'plain runs', countFrom1, 20)
    .option('--timeout <time>', 'ends a run, which then counts as failed', duration, 60_000)
    .option('--budget <time>', 'ends the triage; what is known is printed', duration)
    .option('--json', 'print the result as JSON (straddle-triage/1)')
    .addHelpText(
      'after',
      `
Exit code 0: it always passed; 1: it failed, always or now and then.

Examples:
  straddle triage -- npm test
  straddle triage --runs 50 --budget 5m -- npx vitest run test/queue.test.ts -t drains
  straddle triage --json -- ./run-integration.sh`,
    )
    .action(async (words: string[], options: TriageOptions) => {
      process.exitCode = await triageCommand(words, options);
    });
}

async function triageCommand(words: readonly string[], options: TriageOptions): Promise<number> {
  const [binary, ...args] = words;
  if (binary === undefined) {
    throw new StraddleError('usage', "triage needs a command: 'straddle triage -- npm test'.");
  }
  const { triage, percent } = await import('../triage/triage.ts');
  const { commandSubject } = await import('../triage/subject.ts');
  const { tellTriage } = await import('../triage/tell.ts');
  // Not `using`: in a function that has one, the compiler leaves the extensions of late imports as they are.
  const interrupt = interruptible(options.budget);
  const progress = progressBar(options.runs, 'runs', options.json);
  let runs = 0;
  const subject = commandSubject([binary, ...args], options.timeout);
  try {
    const document = await triage(subject, {
      runs: options.runs,
      signal: interrupt.signal,
      onRun: (phase, { failures, runs: counted, interval }) => {
        const known = `${failures} of ${counted} failed, ${percent(interval.low)} to ${percent(interval.high)}`;
        progress.to(++runs, `${phase}: ${known}`);
      },
    });
    progress.end();
    if (options.json === true) console.log(JSON.stringify(document, null, 2));
    else {
      const [head, ...rest] = tellTriage(document).split('\n');
      console.log([colours.bold(head!), ...rest].join('\n'));
    }
    return document.failures.length === 0 ? 0 : 1;
  } finally {
    progress.end();
    interrupt[Symbol.dispose]();
  }
}
