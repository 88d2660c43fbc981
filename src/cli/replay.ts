import type { Command } from 'commander';
import type { Failure } from '../../properties/report.ts';
import { tellFailure } from '../../properties/story.ts';
import { StraddleError } from '../../scheduler/error.ts';
import { decodeToken, showToken } from '../../scheduler/token.ts';
import { documentOf } from '../report/document.ts';
import { Store } from '../store/store.ts';
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
  const stored = new Store(root).find(token);
  if (stored === undefined) {
    throw new StraddleError(
      'unknown-token',
      'No test is known for this token in .straddle/: run its test with STRADDLE_REPLAY set to the token instead.',
    );
  }
  const { test, scope } = stored;
  if (guide !== undefined) guideChildren(guide);
  const { tests, problems } = await exploreSuite({
    root,
    filters: [test.file],
    namePattern: `^ ?${patternOf(test.name)}$`,
    project: test.project,
    ...scope,
    config: flags.config ?? scope.config,
    runs: 1,
    seed: 0,
    time: 'idle',
    granularity: 'await',
    token,
    // Where the inspector listens, and how it fares.
    onStderr: guide === 'inspect' ? (text) => void process.stderr.write(text) : undefined,
  });
  const [found] = tests;
  if (found === undefined) {
    const why = problems[0] === undefined ? 'it is not there any more' : `${problems[0].where}: ${problems[0].message}`;
    throw new StraddleError('test-missing', `The test '${test.name}' in ${test.file} did not run: ${why}.`);
  }
  const { failure } = found.report;
  if (flags.json === true) console.log(JSON.stringify(documentOf(tests), null, 2));
  else {
    console.log(colours.bold(`${test.file} › ${test.name}`));
    if (found.remark !== undefined) console.log(found.remark.detail);
    if (failure === undefined) console.log('The execution passes.');
    else console.log(tellFailure(failure as Failure, `npx straddle replay ${failure.token}`));
  }
  return failure === undefined ? 0 : 1;
}
