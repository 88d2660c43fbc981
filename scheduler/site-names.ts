import type { Site } from './point.ts';
import { shorten } from './sites.ts';

const names = new WeakMap<Site, string>();
/** The first site that was met under each name. */
const sites = new Map<string, Site>();

/** What an instrumented await is called: its given name, or its text and function, which survive other edits. */
export function nameOfSite(site: Site): string {
  let name = names.get(site);
  if (name === undefined) {
    name = site.name ?? (site.fn === '' ? site.text : `${site.text} in ${site.fn}`);
    names.set(site, name);
    if (!sites.has(name)) sites.set(name, site);
  }
  return name;
}

/** `file:line:column` of the instrumented await of that name, if one has been met. */
export function placeNamed(name: string): string | undefined {
  const site = sites.get(name);
  return site === undefined ? undefined : `${shorten(site.file)}:${site.line}:${site.column}`;
}
