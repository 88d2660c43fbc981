import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Remote from '../../src/remote/index.ts';
import type * as Fork from '../../src/remote/parent/fork.ts';

// A child process reads no TypeScript on every supported Node, so parent and child both run what is built.
const DIST = join(import.meta.dirname, '../../dist');
if (!existsSync(DIST)) execFileSync('npm', ['run', '--silent', 'build']);

export const built = (path: string): string => pathToFileURL(join(DIST, path)).href;
export const { remote, serve } = (await import(built('src/remote/index.js'))) as typeof Remote;
/** The same `fork`, with bounds to choose. */
export const { fork } = (await import(built('src/remote/parent/fork.js'))) as typeof Fork;

/** A module that a child can load. */
export const fixture = (name: string): string => join(import.meta.dirname, '../fixtures/remote', name);
