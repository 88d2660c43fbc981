import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explore } from '../../../src/index.ts';
import { programs, run, type Outcome, type Program } from './programs.ts';

const PROGRAMS = Number(process.env['STRADDLE_PROGRAMS'] ?? 2000);
/** Run natively at the same time: their timers overlap, their orders do not depend on each other. */
const BATCH = 250;
/** Node itself may be late; a real difference is there every time. */
const ATTEMPTS = 4;

async function controlled(program: Program): Promise<Outcome> {
  let outcome: Outcome | undefined;
  const report = await explore(async () => void (outcome = await run(program)), {
    strategy: 'natural',
    vacuity: 'off',
    leaks: 'off',
  });
  if (report.failure !== undefined) throw new Error(`${report.failure.kind}: ${report.failure.message}`);
  return outcome!;
}

/** From the timers phase, as a controlled body: from a microtask, ticks would come after microtasks. */
function native(program: Program): Promise<Outcome> {
  return new Promise((resolve) => setTimeout(() => resolve(run(program)), 1));
}

test(`law 4: natural order is Node's own, in ${PROGRAMS} programs`, { timeout: 600_000 }, async () => {
  const sample = fc.sample(programs, { numRuns: 2 * PROGRAMS, seed: 4 })[Symbol.iterator]();
  let compared = 0;
  let lines = 0;
  let late = 0;
  while (compared < PROGRAMS) {
    let open: { program: Program; log: readonly string[] }[] = [];
    while (open.length < BATCH) {
      const program = sample.next().value;
      if (program === undefined) throw new Error('Too many programs race in Node itself.');
      const { log, racy } = await controlled(program);
      if (!racy) open.push({ program, log });
    }
    compared += open.length;
    for (let attempt = 1; open.length > 0; attempt++) {
      const answers = await Promise.all(open.map(({ program }) => native(program)));
      const differing = open.filter(({ log }, i) => JSON.stringify(log) !== JSON.stringify(answers[i]!.log));
      if (attempt === ATTEMPTS && differing.length > 0) {
        const { program, log } = differing[0]!;
        expect(log, JSON.stringify(program)).toEqual(answers[open.indexOf(differing[0]!)]!.log);
      }
      for (const { log } of open) lines += log.length;
      late += differing.length;
      open = differing;
    }
  }
  // The evidence must not be eaten up by the exceptions.
  expect(lines).toBeGreaterThan(20 * PROGRAMS);
  expect(late).toBeLessThan(0.25 * PROGRAMS);
});
