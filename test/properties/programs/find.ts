import fc from 'fast-check';
import { programs } from './arbitrary.ts';
import { answer, type Question } from './digest.ts';

// `find FIRST COUNT SEED`: explores that part of a sample of random programs. Prints, for each that fails, a
// question that replays its token, with the kind and message that the replay must show.
const [first = 0, count = 100, seed = 1] = process.argv.slice(2).map(Number);
for (const [i, program] of fc.sample(programs, { numRuns: first + count, seed }).entries()) {
  if (i < first) continue;
  const options = { seed: i, runs: 40, maxSteps: 300, vacuity: 'off', leaks: i % 2 === 0 ? 'warn' : 'fail' } as const;
  const { token, kind, message } = await answer({ program, options });
  if (token === undefined) continue;
  const question: Question = { program, token };
  console.log(JSON.stringify({ question, kind, message }));
}
