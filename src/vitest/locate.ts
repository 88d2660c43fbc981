import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as vitestNode from 'vitest/node';
import { StraddleError } from '../../scheduler/error.ts';

/** The oldest version that straddle can run. */
const OLDEST = [3, 2] as const;

/** Vitest's programming interface, as the project has it installed. */
export type VitestNode = typeof vitestNode;

/**
 * Loads the Vitest that a project uses.
 * @throws StraddleError `vitest`: there is none, or it is too old.
 */
export async function locateVitest(root: string): Promise<VitestNode> {
  let manifest: string;
  try {
    manifest = createRequire(join(root, 'package.json')).resolve('vitest/package.json');
  } catch {
    throw new StraddleError('vitest', `No Vitest was found from ${root}: install it there (npm install -D vitest).`);
  }
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new StraddleError(
      'vitest',
      `straddle explores with Vitest ${OLDEST.join('.')} or newer; here is ${version}.`,
    );
  }
  return (await import(pathToFileURL(join(dirname(manifest), 'dist/node.js')).href)) as VitestNode;
}
