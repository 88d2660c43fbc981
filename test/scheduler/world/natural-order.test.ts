import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inside, later } from './controlled.ts';
import { programs, run, type Outcome, type Program } from './programs.ts';

const DEEP = process.env['STRADDLE_DEEP'] === '1';
const PROGRAMS = DEEP ? 50_000 : 2_000;
/** Milliseconds of a unit of delay: long enough that a machine is rarely late by as much. */
const UNIT_MS = 16;
/** Of the longest program. */
const LONGEST_MS = 33 * UNIT_MS;
/** Between the starts of two native runs: they overlap, but must not make each other late. */
const SPACING_MS = 1;
/** Runs in which the machine was not late, and Node differed every time, before it is called a difference. */
const TIMES = 3;
/** A unit of a program that the machine was late with: it is doubled each time, up to here. */
const LONGEST_UNIT_MS = 256;

async function controlled(program: Program): Promise<Outcome & { ms: number }> {
  return inside(async (sim) => ({ ...(await run(program, UNIT_MS)), ms: sim.now() }));
}

/** From the timers phase, as a controlled body: from a microtask, ticks would come after microtasks. */
function native(program: Program, unit: number): Promise<Outcome> {
  return new Promise((resolve) => setTimeout(() => resolve(run(program, unit)), 1));
}

/** How often each kind of statement, and of awaited value, is in a program. */
function count(program: Program, counts: Map<string, number>, depth = 0): void {
  for (const statement of program) {
    const kinds: string[] = [statement.do, `depth ${depth}`];
    if (statement.do === 'await') kinds.push(`await ${statement.what}`);
    if ('clear' in statement) kinds.push(`${statement.do}, clear: ${statement.clear}`);
    for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if ('body' in statement) count(statement.body, counts, depth + 1);
  }
}

/** Programs in which Node does not race, with what natural order makes of them. */
async function sample(): Promise<{ program: Program; log: readonly string[] }[]> {
  const found: { program: Program; log: readonly string[] }[] = [];
  for (const program of fc.sample(programs, { numRuns: 3 * PROGRAMS, seed: 4 })) {
    const { log, racy, ms } = await controlled(program);
    if (!racy && ms <= LONGEST_MS) found.push({ program, log });
    if (found.length === PROGRAMS) return found;
  }
  throw new Error('Too many programs race in Node itself, or take too long.');
}

/** Whether Node does the same; undefined if the machine was late every time. */
async function agrees(program: Program, log: readonly string[]): Promise<boolean | undefined> {
  let differed = 0;
  for (let unit = UNIT_MS; unit <= LONGEST_UNIT_MS;) {
    const answer = await native(program, unit);
    if (JSON.stringify(answer.log) === JSON.stringify(log)) return true;
    if (answer.late) unit *= 2;
    else if (++differed === TIMES) {
      expect(log, JSON.stringify(program)).toEqual(answer.log);
      return false;
    }
  }
  return undefined;
}

test(`law 4: natural order is Node's own, in ${PROGRAMS} programs`, { timeout: 3_600_000 }, async () => {
  const all = await sample();
  const answers = await Promise.all(
    all.map(({ program, log }, i) => later(i * SPACING_MS).then(() => agrees(program, log))),
  );
  const judged = all.filter((_, i) => answers[i] === true);
  // The evidence must not be eaten up by the exceptions.
  expect(judged.length).toBeGreaterThan(0.9 * PROGRAMS);
  const lines = judged.reduce((sum, { log }) => sum + log.length, 0);
  expect(lines).toBeGreaterThan(15 * PROGRAMS);
  const counts = new Map<string, number>();
  for (const { program } of judged) count(program, counts);
  // 11 statements, 16 awaited values, 3 × 2 + 3 ways to clear, nested up to 4 deep.
  expect(counts.size).toBe(11 + 16 + 9 + 5);
  for (const [kind, times] of counts) expect(times, kind).toBeGreaterThan(PROGRAMS / 40);
});
