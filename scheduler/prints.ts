import { crypto } from './world/builtins.ts';

const { createHash } = crypto;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Longest list of single prints; a longer execution has several steps to a print. */
const MOST_PRINTS = 64;
/** Characters of the print of the whole. */
const WHOLE = 11;

/** What prints look like. */
export const PRINTS = /^[\w-]{12,75}$/;

/**
 * The prints of an execution, from the names of what ran in each step: one of the whole, which decides whether
 * another execution is the same, and a character per step, or group of steps, which tells where it is not.
 */
export function printsOf(steps: number, nameOf: (step: number) => string): string {
  const names: string[] = [];
  for (let step = 0; step < steps; step++) names.push(nameOf(step));
  const group = groupOf(steps);
  let prints = '';
  for (let from = 0; from < steps; from += group) prints += printOf(names.slice(from, from + group));
  return fingerprint(names.join('\n')) + prints;
}

/**
 * Compares an execution with the prints of a recorded one. Undefined: they are the same. Otherwise the 0-based
 * steps of the first group that is seen to differ.
 */
export function firstForeignSteps(
  recorded: { readonly steps: number; readonly prints: string },
  steps: number,
  nameOf: (step: number) => string,
): { from: number; to: number } | undefined {
  const met = printsOf(steps, nameOf);
  if (steps === recorded.steps && met === recorded.prints) return undefined;
  const group = groupOf(recorded.steps);
  const expected = recorded.prints.slice(WHOLE);
  for (let i = 0; i < expected.length; i++) {
    const from = i * group;
    const to = Math.min(from + group, recorded.steps);
    const names: string[] = [];
    for (let step = from; step < Math.min(to, steps); step++) names.push(nameOf(step));
    if (names.length < to - from || printOf(names) !== expected[i]) return { from, to: to - 1 };
  }
  if (steps > recorded.steps) return { from: recorded.steps, to: recorded.steps };
  // One of 64 different names has the same print.
  return { from: 0, to: recorded.steps - 1 };
}

/** 66 bits of a text as 11 URL-safe characters. */
export function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, WHOLE);
}

function printOf(names: readonly string[]): string {
  const hash = fnv(names.join('\n'));
  return ALPHABET[(hash ^ (hash >>> 6) ^ (hash >>> 12) ^ (hash >>> 18)) & 63]!;
}

function groupOf(steps: number): number {
  return Math.max(1, Math.ceil(steps / MOST_PRINTS));
}

/** FNV-1a (Fowler, Noll and Vo, 1991). */
function fnv(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
