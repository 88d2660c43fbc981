import pc from 'picocolors';
import type { Report } from '../../properties/report.ts';
import { tellFailure } from '../../properties/story.ts';
import { explore, replay } from '../index.ts';

/** A fixed seed: everybody sees the same numbers. */
const SEED = 7;

/** The flagship, end to end. Returns the exit code. */
export async function demo(options: { replay?: string; json?: boolean }): Promise<number> {
  // Loaded late, so that source maps are on before the examples are.
  const { Lifecycle } = await import('../../examples/lifecycle/lifecycle.ts');
  const { CheckOutsideLock } = await import('../../examples/lifecycle/broken.ts');
  const { BRANCHES, race, split } = await import('../../examples/lifecycle/harness.ts');
  const broken = race(() => new CheckOutsideLock(), { adders: 2 });

  if (options.replay !== undefined) {
    const report = await replay(broken, options.replay);
    const { failure } = report;
    if (options.json === true) console.log(JSON.stringify(report, null, 2));
    else if (failure === undefined) console.log('The recorded execution passes.');
    else console.log(tellFailure(failure, command(failure.token)));
    return failure === undefined ? 0 : 1;
  }

  const fixed = (): InstanceType<typeof Lifecycle> => new Lifecycle();
  const vacuous = await explore(race(fixed, { adders: 50, shutdownFirst: true }), {
    strategy: 'natural',
    branches: BRANCHES,
    seed: SEED,
  });
  const gated = await explore(race(fixed, { adders: 50, gates: split(20) }), {
    runs: 20,
    branches: BRANCHES,
    seed: SEED,
  });
  const random = await explore(race(fixed, { adders: 50 }), {
    strategy: 'random',
    runs: 200,
    branches: BRANCHES,
    seed: SEED,
  });
  const caught = await explore(broken, { runs: 2000, branches: BRANCHES, seed: SEED });
  if (options.json === true) console.log(JSON.stringify({ vacuous, gated, random, caught }, null, 2));
  else tellAll(vacuous, gated, random, caught);
  const proven =
    vacuous.verdict === 'vacuous' && gated.verdict === 'pass' && random.verdict === 'pass' && caught.verdict === 'fail';
  return proven ? 0 : 1;
}

function tellAll(vacuous: Report, gated: Report, random: Report, caught: Report): void {
  const print = (line = ''): void => console.log(line);
  print(pc.bold('1. Fifty adders and a shutdown, released together: green, and it tests nothing'));
  print(`   verdict ${pc.yellow(vacuous.verdict)}: ${vacuous.vacuous.map(({ detail }) => detail).join(' ')}`);
  for (const { execution, hits } of vacuous.branchTable) print(`   execution ${execution}: ${table(hits)}`);
  print(pc.bold('2. A gate instead of luck: hold the shutdown until 20 adders are in'));
  print(
    `   verdict ${pc.green(gated.verdict)}, ${gated.executions} executions: ${table(gated.branchTable[0]?.hits ?? {})} in each`,
  );
  print(pc.bold('3. The same race at random'));
  const shares = Object.entries(random.branches).map(([label, { executions }]) => `${label} in ${executions}`);
  print(
    `   verdict ${pc.green(random.verdict)}, ${random.executions} executions, ${random.distinct} distinct schedules: ${shares.join(', ')}`,
  );
  print(pc.bold('4. A broken lifecycle: it looks at `closed` before it takes the lock'));
  const { failure } = caught;
  if (failure === undefined) return;
  for (const line of tellFailure(failure, command(failure.token)).split('\n')) print(`   ${line}`.trimEnd());
}

function table(hits: Record<string, number>): string {
  return Object.entries(hits)
    .map(([label, n]) => `${label} ${n}`)
    .join(', ');
}

function command(token: string): string {
  return `npm start --silent -- --replay ${token}`;
}
