import type { TestName } from '../store/store.ts';

/** How to bring a failing execution back from a terminal; two ways, the shorter one first. */
export function replayCommands({ file, name, by }: TestName, token: string): string {
  const short = `npx straddle replay ${token}`;
  if (by === 'explore') return short;
  return `${short}\nor:     STRADDLE_REPLAY=${token} npx vitest run ${quoted(file)} -t ${quoted(patternOf(name))}`;
}

/** The pattern that `-t` needs to find a test of this name. */
export function patternOf(name: string): string {
  return name.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
}

/** As one word of a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
