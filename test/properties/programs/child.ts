import { createInterface } from 'node:readline';
import { answer, type Question } from './digest.ts';

// Answers one question a line, as JSON, until its input ends.
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line) as Question)));
}
