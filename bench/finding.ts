import fc from 'fast-check';
import { median } from '../properties/statistics.ts';
import { explore, pct, type ExploreOptions } from '../src/index.ts';
import { PROGRAMS, type Program } from './finding-programs.ts';

/** One line: median executions to the first failure over the seeds; infinite where more than half never found it. */
export interface Finding {
  readonly name: string;
  /** fast-check's scheduler, given at most so many executions; PCT of depth 2 with nothing added to its choices. */
  readonly fastCheck: number;
  readonly most: number;
  readonly pct: number;
  readonly portfolio: number;
  /** The default strategy against the better of the others; the aim: at most 3. */
  readonly ratio: number;
}

/** How fast a bug is found, by both tools on the same bodies in this process. */
export async function* finding(seeds: number): AsyncGenerator<Finding> {
  for (const { name, program, most } of PROGRAMS) {
    const runs = { fastCheck: [] as number[], pct: [] as number[], portfolio: [] as number[] };
    for (let seed = 1; seed <= seeds; seed++) {
      runs.fastCheck.push(await byFastCheck(program, seed, most));
      runs.pct.push(await byStraddle(program, seed, { strategy: pct({ depth: 2 }), bursts: 0, time: 'idle' }));
      runs.portfolio.push(await byStraddle(program, seed, {}));
    }
    const medians = { fastCheck: median(runs.fastCheck), pct: median(runs.pct), portfolio: median(runs.portfolio) };
    const ratio = medians.portfolio / Math.min(medians.fastCheck, medians.pct);
    yield { name, most, ...medians, ratio };
  }
}

/** Prints the table as it comes. */
export async function tellFinding(seeds = 50, isJson = false): Promise<void> {
  if (!isJson)
    console.log(`${'median executions to the first failure'.padEnd(40)} fast-check    pct(2)  default   ratio`);
  for await (const one of finding(seeds)) {
    if (isJson) {
      console.log(JSON.stringify(one));
      continue;
    }
    const { name, fastCheck, most, pct, portfolio, ratio } = one;
    const shown = fastCheck === Infinity ? `> ${most}` : String(fastCheck);
    const cells = [
      shown.padStart(10),
      String(pct).padStart(9),
      String(portfolio).padStart(8),
      ratio.toFixed(2).padStart(6),
    ];
    console.log(`${name.padEnd(40)} ${cells.join(' ')}`);
  }
}

async function byStraddle(program: Program, seed: number, options: ExploreOptions): Promise<number> {
  const { failure } = await explore((sim) => program((name, key) => sim.point(name, key)), { ...options, seed });
  return failure?.execution ?? Infinity;
}

async function byFastCheck(program: Program, seed: number, most: number): Promise<number> {
  let executions = 0;
  const details = await fc.check(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      executions++;
      let ending = 'never ends';
      const point = (name: string): Promise<unknown> => scheduler.schedule(Promise.resolve(), name);
      program(point).then(
        () => (ending = 'ends'),
        () => (ending = 'throws'),
      );
      // It would hang on a deadlock if it were to wait for the body.
      await scheduler.waitIdle();
      return ending === 'ends';
    }),
    { seed, numRuns: most, endOnFailure: true },
  );
  return details.failed ? executions : Infinity;
}
