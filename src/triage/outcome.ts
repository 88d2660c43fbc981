import { stripVTControlCharacters } from 'node:util';
import type { PayloadResult } from '../payload/index.ts';

/** One run and how it ended. */
export interface Outcome {
  readonly passed: boolean;
  /** Whole milliseconds. */
  readonly ms: number;
  /** Of a failure: what is the same in every failure of its kind. */
  readonly signature?: string;
  /** Of a failure: the lines that tell it, as they were printed. */
  readonly excerpt?: string;
}

/** What is looked at of a program that has ended. */
type Ended = Pick<PayloadResult, 'exitCode' | 'signal' | 'timedOut' | 'stdout' | 'stderr'>;

/** Lines that tell why a program failed, in most languages' runners. */
const TELLING =
  /\b(\w*Error|\w*Exception|FAIL|failed|panicked|Traceback|not ok|assert\w*|expected|timed? ?out)\b|✗|✖|×/i;
/** The line that an error's own text begins with. */
const HEAD = /^(?:Uncaught |Caused by: |E +)?[\w.]*(?:Error|Exception)\b.{0,40}?: /;
/** A line of a stack trace of JavaScript's. */
const FRAME = /^at .*(?::\d+|<anonymous>|native)\)?$/;
/** One that shows no code of the user's. */
const FOREIGN = /\bnode:|node_modules|<anonymous>|native\)?$/;
const MOST_LINES = 6;

export function outcomeOf(result: Ended, ms: number): Outcome {
  const passed = result.exitCode === 0 && result.signal === null && !result.timedOut;
  if (passed) return { passed, ms: Math.round(ms) };
  const end = result.timedOut
    ? 'timed out'
    : result.signal === null
      ? `exit code ${result.exitCode}`
      : `ended by ${result.signal}`;
  const lines = tellingLines(`${result.stderr}\n${result.stdout}`);
  const told = lines[0] ?? '';
  return {
    passed,
    ms: Math.round(ms),
    signature: told === '' ? end : `${end}: ${normalised(told)}`,
    excerpt: lines.length === 0 ? end : lines.join('\n'),
  };
}

function tellingLines(text: string): string[] {
  const lines = stripVTControlCharacters(text)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const head = lines.findIndex((line) => HEAD.test(line));
  const first = head < 0 ? lines.findIndex((line) => TELLING.test(line)) : head;
  const isText = (line: string): boolean => !FRAME.test(line);
  if (first < 0) return lines.filter(isText).slice(-1);
  const rest = lines.slice(first);
  const place = rest.find((line) => FRAME.test(line) && !FOREIGN.test(line));
  return [...rest.filter(isText).slice(0, MOST_LINES), ...(place === undefined ? [] : [place])];
}

/** Without what differs from run to run: numbers, addresses, temporary paths. */
export function normalised(line: string): string {
  return line
    .replace(/\b\d{4}-\d\d-\d\d[T ][\d:.,]+Z?\b/g, '<time>')
    .replace(/\b[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b/gi, '<id>')
    .replace(/(?:\/(?:tmp|var\/folders)|[A-Z]:\\[^\s'"]*\\Temp)[^\s'"):]*/g, '<temporary path>')
    .replace(/\b0x[\da-f]+\b/gi, '<address>')
    .replace(/\d+(?:\.\d+)?/g, '<n>')
    .slice(0, 300);
}
