import { basename, dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Where our own code lives: its frames never name a site. Examples and tests beside it are users. */
const home = dirname(dirname(fileURLToPath(import.meta.url)));
/** A compiled copy runs from `dist/`; with source maps its frames name the sources beside that. */
const homes = basename(home) === 'dist' ? [home, dirname(home)] : [home];
const ownPaths = homes.flatMap((base) => ['scheduler', 'properties', 'src'].map((name) => join(base, name) + sep));
const own = ownPaths.map((path) => pathToFileURL(path).href);

/** `file:line:column` of the innermost frame of user code in a stack, relative to the working directory. */
export function siteOfStack(stack: string | undefined): string | undefined {
  // A user's `Error.prepareStackTrace` makes of it what it likes.
  if (typeof stack !== 'string') return undefined;
  let fallback: string | undefined;
  for (const line of stack.split('\n').slice(1)) {
    const match = /(?:^|[\s(])((?:file:\/\/|\/|[A-Za-z]:[\\/])[^()]*?):(\d+):(\d+)\)?$/.exec(line.trim());
    if (match === null) continue;
    const [, place = '', row = '', column = ''] = match;
    if (own.some((href) => place.startsWith(href)) || ownPaths.some((path) => place.startsWith(path))) continue;
    const site = `${shorten(place)}:${row}:${column}`;
    if (!place.includes('/node_modules/')) return site;
    fallback ??= site;
  }
  return fallback;
}

/** The stack of now, deep enough to show user code behind libraries, whatever limit the user has set. */
export function deepStack(): string | undefined {
  return stackOf(placeOfNow(30));
}

/** A stack of now that `stackOf` makes a text: that costs more than to take it. */
export function placeOfNow(frames: number): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = frames;
  const place = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  return place;
}

/** The stack as Node has it: a user's `Error.prepareStackTrace` makes of it what it likes. */
export function stackOf({ stack }: Error): string | undefined {
  return typeof stack === 'string' ? stack : undefined;
}

/** A frame of Node's own modules. */
const NODE = /\(?node:[\w/]+:\d+:\d+\)?$/;

/** Whether a line of a stack is a frame of Node's own modules. */
export function isNodes(frame: string): boolean {
  return NODE.test(frame);
}

/** Whether one of Node's own modules called the function of ours at which the stack was taken. */
export function isCalledByNode(stack: string | undefined): boolean {
  const caller = stack?.split('\n').find((line) => /^\s+at .*:\d+:\d+\)?$/.test(line) && !isOwn(line));
  return caller !== undefined && isNodes(caller);
}

/** Whether a line of a stack is a frame of our own code. */
export function isOwn(frame: string): boolean {
  return [...own, ...ownPaths].some((place) => frame.includes(place));
}

/** A stack without the frames of our own code, which say nothing about the code under test. */
export function withoutOwnFrames(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => !/^\s+at /.test(line) || !isOwn(line))
    .join('\n');
}

/** A path as a person in the working directory would write it. */
export function shorten(place: string): string {
  const path = place.startsWith('file://') ? fileURLToPath(place.replace(/[?#].*$/, '')) : place.replace(/[?#].*$/, '');
  const here = `${process.cwd()}/`;
  return path.startsWith(here) ? path.slice(here.length) : path;
}
