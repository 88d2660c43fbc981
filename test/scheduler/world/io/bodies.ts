import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** In memory where there is such a place. */
const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A folder of its own for one execution; gone with it. */
export async function inFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(base, 'straddle-io-'));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Eight writers replace one file each in two steps, while each reads its neighbour's. */
export function filesInParallel(): Promise<unknown> {
  return inFolder(async (folder) => {
    const at = (name: string): string => join(folder, name);
    const seen = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        await writeFile(at(`new-${i}`), `text ${i}`);
        await rename(at(`new-${i}`), at(`file-${i % 4}`));
        return readFile(at(`file-${(i + 1) % 4}`), 'utf8').catch((error: NodeJS.ErrnoException) => error.code);
      }),
    );
    return [seen, readdirSync(folder).sort(), await readFile(at('file-0'), 'utf8')];
  });
}
