import type { Command } from 'commander';
import { StraddleError } from '../../scheduler/error.ts';
import { duration, pattern, wholeFrom } from './arguments.ts';
import { colours } from './colours.ts';
import { interruptible } from './interrupt.ts';
import { progressBar } from './progress.ts';
import type { Subject } from '../triage/subject.ts';
import type { Explore } from '../triage/triage.ts';

interface TriageOptions {
  readonly testNamePattern?: string;
  readonly runs?: number;
  readonly timeout: number;
  readonly budget?: number;
  readonly json?: boolean;
}

/** Plain runs of a command, and of a test, which starts a test runner each time. */
const RUNS = 20;
const TEST_RUNS = 10;
/** Executions in which the orders of a test are explored. */
const EXECUTIONS = 500;

export function addTriage(program: Command): void {
  program
    .command('triage')
    .description('why does it fail now and then? measures the rate, varies one thing at a time, names the cause')
    .usage('[options] <file> -t <pattern> | [options] -- <command…>')
    .argument('[words...]', 'a test file, or after -- a command and its arguments')
    .option('-t, --testNamePattern <pattern>', 'the one test of the file', pattern)
    .option('--runs <n>', `plain runs (default: ${RUNS} of a command, ${TEST_RUNS} of a test)`, wholeFrom(1))
    .option('--timeout <time>', 'ends a run, which then counts as failed', duration, 60_000)
    .option('--budget <time>', 'ends the triage; what is known is printed', duration)
    .option('--json', 'print the result as JSON (straddle-triage/1)')
    .addHelpText(
      'after',
      `
Exit code 0: it always passed; 1: it failed, always or now and then.

Examples:
  straddle triage test/queue.test.ts -t drains
  straddle triage -- npm test
  straddle triage --json --budget 5m -- ./run-integration.sh`,
    )
    .action(async (words: string[], options: TriageOptions) => {
      process.exitCode = await triageCommand(words, options);
    });
}

async function triageCommand(words: readonly string[], options: TriageOptions): Promise<number> {
  const { triage, percent } = await import('../triage/triage.ts');
  const { tellTriage } = await import('../triage/tell.ts');
  const isTest = options.testNamePattern !== undefined;
  // Not `using`: in a function that has one, the compiler leaves the extensions of late imports as they are.
  const interrupt = interruptible(options.budget);
  const { signal } = interrupt;
  const runs = options.runs ?? (isTest ? TEST_RUNS : RUNS);
  const progress = progressBar('runs', options.json, runs);
  let done = 0;
  try {
    const { subject, explore } = isTest ? await ofTest(words, options, signal) : await ofCommand(words, options);
    const onRun: Parameters<typeof triage>[1]['onRun'] = (phase, { failures, runs: counted, interval }) => {
      const known = `${failures} of ${counted} failed, ${percent(interval.low)} to ${percent(interval.high)}`;
      progress.to(++done, { note: `${phase}: ${known}` });
    };
    const document = await triage(subject, { runs, signal, onRun }, explore);
    progress.end();
    if (options.json === true) console.log(JSON.stringify(document, null, 2));
    else {
      const [head, ...rest] = tellTriage(document).split('\n');
      console.log([colours.bold(head!), ...rest].join('\n'));
    }
    return document.failures.length === 0 && document.order === undefined ? 0 : 1;
  } finally {
    progress.end();
    interrupt[Symbol.dispose]();
  }
}

interface Triaged {
  readonly subject: Subject;
  readonly explore?: Explore;
}

async function ofCommand([binary, ...args]: readonly string[], { timeout }: TriageOptions): Promise<Triaged> {
  if (binary === undefined) {
    throw new StraddleError(
      'usage',
      "triage needs a test or a command: 'straddle triage FILE -t NAME' or 'straddle triage -- npm test'.",
    );
  }
  if (args.length === 0 && isTestFile(binary)) {
    throw new StraddleError('usage', `Which test of ${binary}? Name it: straddle triage ${binary} -t NAME.`);
  }
  const { commandSubject } = await import('../triage/subject.ts');
  return { subject: commandSubject([binary, ...args], timeout) };
}

/** A program that is no test may be named alone. */
function isTestFile(path: string): boolean {
  return /\.(?:test|spec)\.[cm]?[jt]sx?$/.test(path);
}

async function ofTest(
  [file, ...more]: readonly string[],
  { testNamePattern: wanted = '', timeout }: TriageOptions,
  signal: AbortSignal,
): Promise<Triaged> {
  if (file === undefined || more.length > 0) {
    throw new StraddleError('usage', '-t names a test of one file: straddle triage FILE -t NAME.');
  }
  const { testSubject } = await import('../triage/test-subject.ts');
  const { orderVerdict } = await import('../triage/orders.ts');
  const { regressionTest } = await import('../triage/regression-test.ts');
  const { exploreSuite } = await import('../vitest/suite.ts');
  const root = process.cwd();
  return {
    subject: testSubject({ root, file, pattern: wanted, timeoutMs: timeout }),
    explore: async (time) => {
      const seed = 1;
      const options = { root, filters: [file], namePattern: wanted, runs: EXECUTIONS, seed, signal } as const;
      const { tests } = await exploreSuite({ ...options, time, granularity: 'await' });
      const verdicts = tests.map((test) => orderVerdict(test, (failure) => regressionTest(failure, { root, ...test })));
      return verdicts.find((verdict) => verdict !== undefined);
    },
  };
}
