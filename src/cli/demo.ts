import type { Report } from '../../properties/report.ts';
import { earlyTimer, tellBranches, tellFailure } from '../../properties/story.ts';
import { explore, replay, StraddleError } from '../index.ts';
import { documentOf } from '../report/document.ts';
import { guideReplays, type GuideName } from '../step/guides.ts';
import { colours } from './colours.ts';

/** A fixed seed: everybody sees the same numbers and the same story. */
const SEED = 7;
const ADDERS = 50;
/** Of the broken one: so few that the story names most of them. */
const BROKEN_ADDERS = 10;
const WINNERS = 20;
const WIDTH = 96;
const FILE = 'examples/lifecycle/harness.ts';

/** What the demo shows, in this order. */
interface Shown {
  /** All released together. */
  readonly vacuous: Report;
  /** A sleep instead of a gate. */
  readonly slept: Report;
  readonly gated: Report;
  readonly random: Report;
  /** The broken lifecycle. */
  readonly caught: Report;
}

/** The flagship, end to end. Returns the exit code. */
export async function demo(options: { replay?: string; json?: boolean; guide?: GuideName }): Promise<number> {
  // Loaded late, so that source maps are on before the examples are.
  const { CheckOutsideLock } = await import('../../examples/lifecycle/broken.ts');
  const { Lifecycle } = await import('../../examples/lifecycle/lifecycle.ts');
  const { BRANCHES, race, requireInFlight, shortSleep, split } = await import('../../examples/lifecycle/harness.ts');
  const fixed = (): InstanceType<typeof Lifecycle> => new Lifecycle();
  const bodies: Bodies = {
    vacuous: race(fixed, { adders: ADDERS, shutdownFirst: true }),
    slept: race(fixed, { adders: 2, before: shortSleep, after: requireInFlight }),
    gated: race(fixed, { adders: ADDERS, gates: split(WINNERS, ADDERS) }),
    random: race(fixed, { adders: ADDERS }),
    caught: race(() => new CheckOutsideLock(), { adders: BROKEN_ADDERS }),
  };
  if (options.guide !== undefined) await guideReplays(options.guide);
  // An empty STRADDLE_REPLAY counts as none.
  return options.replay === undefined || options.replay === ''
    ? show(bodies, BRANCHES, options.json === true)
    : again(bodies, options.replay, options.json === true);
}

type Body = Parameters<typeof explore>[0];
type Bodies = Readonly<Record<keyof Shown, Body>>;

/** Replays a failure of whichever body the token is of: the broken lifecycle's, or one of a fixed one that is not. */
async function again({ caught, gated, random }: Bodies, token: string, json: boolean): Promise<number> {
  const report = await replayFirst([caught, gated, random], token);
  const { failure } = report;
  if (json) print({ caught: report });
  else if (failure === undefined) console.log('The execution passes.');
  else console.log(tellFailure(failure, command(failure.token)));
  return failure === undefined ? 0 : 1;
}

/** @throws StraddleError that of the first body, for a token that is of none of them. */
async function replayFirst([body, ...others]: readonly Body[], token: string): Promise<Report> {
  try {
    return await replay(body!, token);
  } catch (error) {
    if (others.length === 0 || !(error instanceof StraddleError) || error.kind !== 'token-mismatch') throw error;
    return replayFirst(others, token).catch(() => Promise.reject(error));
  }
}

async function show(bodies: Bodies, branches: readonly string[], json: boolean): Promise<number> {
  const seed = SEED;
  const shown: Shown = {
    vacuous: await explore(bodies.vacuous, { strategy: 'natural', branches, seed }),
    slept: await explore(bodies.slept, { branches, seed }),
    gated: await explore(bodies.gated, { runs: 20, branches, seed }),
    random: await explore(bodies.random, { strategy: 'random', runs: 200, branches, seed }),
    caught: await explore(bodies.caught, { branches, seed }),
  };
  if (json) print({ ...shown });
  else tellAll(shown);
  const { vacuous, slept, gated, random, caught } = shown;
  const verdicts = [vacuous, slept, gated, random, caught].map(({ verdict }) => verdict).join();
  return verdicts === 'vacuous,fail,pass,pass,fail' ? 0 : 1;
}

/** As a report document, a test for each. */
function print(reports: Readonly<Record<string, Report>>): void {
  const tests = Object.entries(reports).map(([name, report]) => ({ name, file: FILE, report }));
  console.log(JSON.stringify(documentOf(tests), null, 2));
}

function tellAll({ vacuous, slept, gated, random, caught }: Shown): void {
  head(`1. ${ADDERS} adders and a shutdown, released together: green, and it tests nothing`);
  say(`${colours.yellow(vacuous.verdict)}: ${vacuous.vacuous.map(({ detail }) => detail).join(' ')}`);
  for (const line of tellBranches(vacuous)) console.log(`   ${line}`);

  head('2. A sleep of 50 µs before the shutdown, so that adders are in flight: no gate');
  const early = slept.failure?.trace.find((step) => step.early);
  say(`${colours.red(slept.verdict)}: ${slept.failure?.message ?? ''}`);
  if (early !== undefined) say(`only if ${earlyTimer(early, slept.failure!.trace)}`);

  head(`3. A gate: the shutdown is held until ${WINNERS} adders are in, the others until it has closed`);
  const counts = Object.entries(gated.branchTable[0]?.hits ?? {}).map(([label, n]) => `${label} ${n}`);
  say(`${verdictOf(gated)}: ${counts.join(', ')} in each of ${gated.executions} executions`);
  tellStory(gated);

  head('4. No gate, and every order at random');
  const shares = Object.entries(random.branches).map(([label, seen]) => `${label} in ${seen.executions}`);
  say(`${verdictOf(random)}: ${shares.join(', ')} of ${random.executions} executions`);
  tellStory(random);

  head('5. A broken lifecycle, which looks at `closed` before it takes the lock');
  tellStory(caught);
}

function verdictOf({ verdict }: Report): string {
  return (verdict === 'pass' ? colours.green : colours.red)(verdict);
}

/** How it failed, if it did, and the command that brings it back. */
function tellStory({ failure }: Report): void {
  if (failure === undefined) return;
  const story = tellFailure(failure, command(failure.token)).split('\n');
  for (const line of story) console.log(`   ${line.startsWith('>') ? colours.red(line) : line}`.trimEnd());
}

function head(text: string): void {
  console.log(colours.bold(text));
}

/** Folded between words. */
function say(text: string): void {
  let line = '';
  for (const word of text.split(' ')) {
    if (line.length + word.length >= WIDTH) {
      console.log(`   ${line}`);
      line = '  ';
    }
    line += `${line === '' ? '' : ' '}${word}`;
  }
  console.log(`   ${line}`);
}

/** An installed package has no script that starts it. */
function command(token: string): string {
  const isInstalled = import.meta.url.includes('/node_modules/');
  return `${isInstalled ? 'npx straddle demo' : 'npm start --silent --'} --replay ${token}`;
}
