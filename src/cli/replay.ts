import type { Command } from 'commander';
import type { Failure } from '../../properties/report.ts';
import { tellFailure } from '../../properties/story.ts';
import { StraddleError } from '../../scheduler/error.ts';
import { decodeToken, showToken } from '../../scheduler/token.ts';
import { documentOf, type TestInput } from '../report/document.ts';
import { Store, type TestName } from '../store/store.ts';
import { patternOf } from '../vitest/command.ts';
import { exploreSuite } from '../vitest/suite.ts';
import { guideChildren } from '../step/guides.ts';
import { colours } from './colours.ts';
import { guideOf } from './guide-options.ts';

/** Of what `--show --json` prints; documented in docs/tokens.md. */
const TOKEN_SCHEMA = 'straddle-token/1';

interface Flags {
  readonly config?: string;
  readonly json?: boolean;
  readonly show?: boolean;
  readonly step?: boolean;
  readonly inspect?: boolean;
}

/** Adds `straddle replay`. */
export function addReplay(program: Command): void {
  program
    .command('replay')
    .description('run exactly the execution that a token recorded, and tell it')
    .argument('<token>', 'what a failure printed')
    .option('--config <file>', "Vitest's configuration")
    .option('--show', 'say what the token holds, and run nothing')
    .option('--step', 'walk through it step by step')
    .option('--inspect', 'open the Node inspector and stop before the first deviation')
    .option('--json', 'print the report as JSON (docs/report-schema.md)')
    .addHelpText(
      'after',
      '\nExamples:\n  straddle replay st1.…\n  straddle replay st1.… --step\n  straddle replay st1.… --json',
    )
    .action(async (token: string, flags: Flags) => {
      process.exitCode = await replay(token.trim(), flags);
    });
}

/** Exit code: 1 while the execution fails, 0 when it passes. */
async function replay(token: string, flags: Flags): Promise<number> {
  const recording = decodeToken(token);
  if (flags.show === true) {
    console.log(
      flags.json === true ? JSON.stringify({ schema: TOKEN_SCHEMA, ...recording }, null, 2) : showToken(token),
    );
    return 0;
  }
  const guide = guideOf(flags);
  const root = process.cwd();
  const known = new Store(root).find(token);
  const [first] = known;
  if (first === undefined) {
    throw new StraddleError(
      'unknown-token',
      'No test is known for this token in .straddle/: run its test with STRADDLE_REPLAY set to the token instead.',
    );
  }
  if (guide !== undefined) guideChildren(guide);
  const projects = new Set(known.map(({ test }) => test.project));
  const { tests: ran, problems } = await exploreSuite({
    root,
    filters: [...new Set(known.map(({ test }) => test.file))],
    namePattern: `^ ?(?:${known.map(({ test }) => patternOf(test.name)).join('|')})$`,
    project: projects.size === 1 ? first.test.project : undefined,
    ...first.scope,
    config: flags.config ?? first.scope.config,
    runs: 1,
    seed: 0,
    time: 'idle',
    granularity: 'await',
    token,
    // Where the inspector listens, and how it fares.
    onStderr: guide === 'inspect' ? (text) => void process.stderr.write(text) : undefined,
  });
  const tests = known.flatMap(({ test }) => ran.find((one) => isOf(test, one)) ?? []);
  if (tests.length === 0) {
    const { name, file } = first.test;
    const why = problems[0] === undefined ? 'it is not there any more' : `${problems[0].where}: ${problems[0].message}`;
    throw new StraddleError('test-missing', `The test '${name}' in ${file} did not run: ${why}.`);
  }
  if (flags.json === true) console.log(JSON.stringify(documentOf(tests), null, 2));
  else tests.forEach((test, at) => tell(test, at === 0 ? '' : '\n'));
  return tests.every(({ report }) => report.failure === undefined) ? 0 : 1;
}

function isOf({ file, name, project }: TestName, test: TestInput): boolean {
  return (
    test.file === file && test.name.replaceAll(' > ', ' ') === name.replaceAll(' > ', ' ') && test.project === project
  );
}

function tell({ file, name, report, remark }: TestInput, before: string): void {
  const { failure } = report;
  console.log(`${before}${colours.bold(`${file} › ${name}`)}`);
  if (remark !== undefined) console.log(remark.detail);
  if (failure === undefined) console.log('The execution passes.');
  else console.log(tellFailure(failure as Failure, `npx straddle replay ${failure.token}`));
}
