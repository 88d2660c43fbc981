import type { Outcome } from './outcome.ts';

/** What commonly leaks into a test from outside, by how messages show it. */
const KINDS: readonly (readonly [string, RegExp])[] = [
  ['a port', /EADDRINUSE\b[^\n]*|\bport\W{0,3}\d{2,5}\b|\b(?:localhost|127\.0\.0\.1|\[::1?\]|0\.0\.0\.0):\d{2,5}\b/gi],
  ['the process number', /\bpid\W{0,3}\d+\b|\bprocess (?:number )?\d+\b/gi],
  ['a time', /\b\d{4}-\d\d-\d\d[T ][\d:.]+|\b\d{13}\b|\b\d+(?:\.\d+)? ?ms\b/g],
  ['a temporary path', /(?:\/tmp|\/var\/folders)\/[^\s'")]*/g],
  ['a host name', /\b(?:ENOTFOUND|EAI_AGAIN)\b[^\n]*/g],
  ['the network', /\b(?:ECONNREFUSED|ECONNRESET|ETIMEDOUT)\b[^\n]*/g],
];
/** These speak for themselves; the others must differ from run to run. */
const TELLING = /^(?:EADDRINUSE|ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT)/;

/** What the failures show to vary between runs: evidence of what leaked in. */
export function leakedInto(failures: readonly Outcome[]): string[] {
  return KINDS.flatMap(([kind, pattern]) => {
    const met = new Set(failures.flatMap(({ excerpt }) => excerpt?.match(pattern) ?? []));
    const isLeak = met.size > 1 || [...met].some((text) => TELLING.test(text));
    return isLeak ? [`${kind} (${[...met].slice(0, 3).join(', ')})`] : [];
  });
}
