import { Option, type Command } from 'commander';
import type { Failure } from '../../properties/report.ts';
import { tellFailure } from '../../properties/story.ts';
import { parseShard, SHARD_VARIABLE } from '../../properties/shard.ts';
import { StraddleError } from '../../scheduler/error.ts';
import { certaintyOf } from '../report/certainty.ts';
import { documentOf, type ReportDocument, type TestReport } from '../report/document.ts';
import { writeDocument } from '../report/files.ts';
import { tellGitHub } from '../report/github.ts';
import { Store } from '../store/store.ts';
import type { Problem } from '../vitest/problems.ts';
import { exploreSuite, type SuiteOptions, type SuiteResult } from '../vitest/suite.ts';
import { summarise, type Summary } from '../vitest/summary.ts';
import { duration, pattern, wholeFrom } from './arguments.ts';
import { colours } from './colours.ts';
import { interruptible } from './interrupt.ts';
import { progressBar } from './progress.ts';

/** Executions of one test, unless `--runs` says otherwise. */
const RUNS = 200;
/** Lines of a list before the rest is counted. */
const MOST_LISTED = 20;

interface Flags {
  readonly testNamePattern?: string;
  readonly runs: number;
  readonly budget?: number;
  readonly seed?: number;
  readonly shard?: string;
  readonly time: SuiteOptions['time'];
  readonly granularity: SuiteOptions['granularity'];
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly config?: string;
  readonly project?: string;
  readonly json?: boolean;
}

/** Adds `straddle explore`. */
export function addExplore(program: Command): void {
  program
    .command('explore')
    .description('run your own Vitest suite under other orders: which tests depend on the order, and on which')
    .argument('[filters...]', 'parts of the paths of test files, as Vitest takes them')
    .option('-t, --testNamePattern <pattern>', 'only tests whose full name matches', pattern)
    .option('--runs <n>', 'most executions of one test', wholeFrom(1), RUNS)
    .option(
      '--budget <time>',
      'time for the whole suite, spent on what is riskiest first: 30s, 5m, 1h, 800ms',
      duration,
    )
    .option('--seed <n>', 'explore in the same way again', wholeFrom(0))
    .option('--shard <i/n>', 'run every n-th execution only, from the i-th on; straddle merge joins the reports')
    .addOption(
      new Option('--time <mode>', 'whether timers may fire before other work has run')
        .choices(['idle', 'mixed', 'elastic'])
        .default('idle'),
    )
    .addOption(
      new Option('--granularity <points>', 'where tasks may be interleaved')
        .choices(['await', 'macrotask'])
        .default('await'),
    )
    .option('--include <glob...>', 'instrument these files only; a glob with node_modules brings packages in')
    .option('--exclude <glob...>', 'leave these files as they are')
    .option('--config <file>', "Vitest's configuration")
    .option('--project <name>', 'one project of a workspace')
    .option('--json', 'print the report as JSON (docs/report-schema.md)')
    .addHelpText(
      'after',
      '\nExamples:\n  straddle explore\n  straddle explore src/queue -t "drains" --runs 2000\n  straddle explore --budget 30s --json > report.json',
    )
    .action(async (filters: string[], flags: Flags) => {
      process.exitCode = await explore(filters, flags);
    });
}

/** Explores and tells. Exit code: 0 if no test failed, 1 if one did. */
async function explore(filters: readonly string[], flags: Flags): Promise<number> {
  const shard = flags.shard === undefined ? undefined : parseShard(flags.shard, '--shard');
  if (flags.shard !== undefined) process.env[SHARD_VARIABLE] = flags.shard;
  // All shards must have the same one.
  const seed = flags.seed ?? (shard === undefined ? Math.floor(Math.random() * 2 ** 31) : 1);
  const root = process.cwd();
  const progress = progressBar('tests', flags.json);
  const interrupt = interruptible();
  const started = performance.now();
  let result: SuiteResult;
  try {
    result = await exploreSuite({
      root,
      filters,
      namePattern: flags.testNamePattern,
      runs: flags.runs,
      budgetMs: flags.budget,
      seed,
      time: flags.time,
      granularity: flags.granularity,
      include: flags.include,
      exclude: flags.exclude,
      config: flags.config,
      project: flags.project,
      signal: interrupt.signal,
      onProgress: ({ tests, of, executions }) => progress.to(tests, { total: of, executions }),
    });
  } finally {
    progress.end();
    interrupt[Symbol.dispose]();
  }
  const broken = result.problems.find(({ isSyntax }) => isSyntax);
  const complaint =
    broken && new StraddleError('parse', `${broken.where} does not parse: ${broken.message.replace(/\.$/, '')}.`);
  if (complaint !== undefined && result.tests.length === 0) throw complaint;
  if (
    result.tests.length === 0 &&
    flags.testNamePattern !== undefined &&
    result.problems.length === 0 &&
    !result.interrupted
  ) {
    const where = count(result.files, 'file');
    throw new StraddleError('filter', `No test that would run matches -t '${flags.testNamePattern}' in ${where}.`);
  }
  const document = documentOf(result.tests, {
    complete: result.complete,
    problems: [...unreported(result), ...result.problems],
    ...(shard === undefined ? {} : { shard }),
  });
  if (flags.json === true) console.log(JSON.stringify(document, null, 2));
  else tell(document, result, { seed, seconds: (performance.now() - started) / 1000 });
  // What is known has been told, whatever goes wrong from here on.
  writeDocument(document);
  tellGitHub(document);
  if (complaint !== undefined) throw complaint;
  new Store(root).entries();
  // The document's verdict knows the problems, but not a failed test that could not be judged.
  return document.verdict !== 'pass' || result.failed.length > 0 ? 1 : 0;
}

function tell(document: ReportDocument, result: SuiteResult, about: { seed: number; seconds: number }): void {
  const summary = summarise(document.tests);
  const { bold, red, yellow, dim, green } = colours;
  const { tests } = document;
  const rate = Math.round(summary.executions / Math.max(about.seconds, 0.001));
  console.log(
    bold(
      `${count(tests.length, 'test')} in ${count(result.files, 'file')}, ${count(summary.executions, 'execution')} in ${about.seconds.toFixed(1)} s (${rate} a second; seed ${about.seed})`,
    ),
  );
  if (result.interrupted) console.log(yellow('Interrupted: this is what is known so far.'));
  tellDependent(summary.dependent, red(bold(`${depend(summary.dependent.length)} on the order`)));
  tellProblems(red('Fail without any change of the order'), unexplained(result, summary));
  tellProblems(red('Problems outside of tests'), result.problems);
  tellReasons(yellow('Prove nothing (vacuous)'), summary.vacuous, ({ report }) =>
    report.vacuous.map(({ detail }) => detail).join(' '),
  );
  tellReasons(yellow('Not repeatable in one process'), summary.notRepeatable, ({ remark }) => remark!.detail);
  tellReasons(yellow('Could not be controlled'), summary.uncontrolled, ({ remark }) => remark!.detail);
  tellDependent(summary.tick, yellow(`${depend(summary.tick.length)} on the order of microtasks only (tick)`));
  tellList(
    dim('Awaits that nothing ever straddled'),
    summary.neverStraddled.map(({ site, executions }) => `${site} (reached in ${count(executions, 'execution')})`),
  );
  tellOpen(summary.independent);
  const rest = [
    `${summary.independent.length} independent of the order`,
    `${summary.single.length} with one order only`,
    ...(summary.unexplored.length > 0 ? [`${summary.unexplored.length} run in natural order only`] : []),
    ...(result.skipped > 0 ? [`${result.skipped} skipped`] : []),
  ];
  console.log(`\n${summary.dependent.length === 0 ? green(rest.join(', ')) : rest.join(', ')}`);
}

function tellDependent(tests: readonly TestReport[], head: string): void {
  if (tests.length === 0) return;
  console.log(`\n${head}`);
  for (const test of tests) {
    const failure = test.report.failure as Failure;
    console.log(`\n  ${colours.bold(placeOf(test))}`);
    const certainty = certaintyOf(test.report);
    if (certainty !== undefined) console.log(`  ${certainty}`);
    const story = tellFailure(failure, `npx straddle replay ${failure.token}`);
    console.log(story.replace(/^(?=.)/gm, '  '));
  }
}

/** What the passing test of which least is known leaves open. */
function tellOpen(tests: readonly TestReport[]): void {
  const searched = tests.filter(({ report }) => report.statistics?.residual !== undefined && !report.exhaustive);
  const [least] = searched.toSorted((a, b) => a.report.statistics!.sampled - b.report.statistics!.sampled);
  if (least === undefined) return;
  const head =
    searched.length === 1
      ? 'What passing leaves open'
      : 'What passing leaves open, for the test of which least is known';
  console.log(`\n${colours.dim(head)}\n  ${placeOf(least)}\n    ${certaintyOf(least.report)!}`);
}

/** Vitest counts among the failed ones what was told as vacuous or as dependent on the order. */
function unexplained({ failed }: SuiteResult, { dependent, tick, vacuous }: Summary): readonly Problem[] {
  return without(failed, [...dependent, ...tick, ...vacuous]);
}

/** Vitest says that they failed, and their reports do not: a time-out, a hook that failed, a test that was not run. */
function unreported({ failed, tests }: SuiteResult): readonly Problem[] {
  return without(
    failed,
    tests.filter(({ report }) => report.verdict !== 'pass'),
  );
}

function without(problems: readonly Problem[], told: readonly Parameters<typeof placeOf>[0][]): readonly Problem[] {
  const places = new Set(told.map(placeOf));
  return problems.filter(({ where }) => !places.has(where));
}

function tellProblems(head: string, problems: readonly Problem[]): void {
  tellList(
    head,
    problems.map(({ where, message }) => `${where}\n    ${message}`),
  );
}

function tellReasons(head: string, tests: readonly TestReport[], reason: (test: TestReport) => string): void {
  tellList(
    head,
    tests.map((test) => `${placeOf(test)}\n    ${reason(test)}`),
  );
}

function tellList(head: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  console.log(`\n${head}: ${lines.length}`);
  for (const line of lines.slice(0, MOST_LISTED)) console.log(`  ${line}`);
  if (lines.length > MOST_LISTED) console.log(`  … ${lines.length - MOST_LISTED} more (--json lists all)`);
}

function placeOf({ file, line, name }: Pick<TestReport, 'file' | 'line' | 'name'>): string {
  return `${file}${line === undefined ? '' : `:${line}`} › ${name}`;
}

function depend(n: number): string {
  return n === 1 ? '1 test depends' : `${n} tests depend`;
}

function count(n: number, noun: string): string {
  // The first use of a locale takes longer than a hundred tests.
  return `${String(n).replace(/\B(?=(?:\d{3})+$)/g, ',')} ${noun}${n === 1 ? '' : 's'}`;
}
