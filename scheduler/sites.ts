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
  let fallback: string | undefined;
  for (const line of stack?.split('\n').slice(1) ?? []) {
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

/** A stack without the frames of our own code, which say nothing about the code under test. */
export function withoutOwnFrames(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => !/^\s+at /.test(line) || ![...own, ...ownPaths].some((place) => line.includes(place)))
    .join('\n');
}

/** A path as a person in the working directory would write it. */
export function shorten(place: string): string {
  const path = place.startsWith('file://') ? fileURLToPath(place.replace(/[?#].*$/, '')) : place.replace(/[?#].*$/, '');
  const here = `${process.cwd()}/`;
  return path.startsWith(here) ? path.slice(here.length) : path;
}
