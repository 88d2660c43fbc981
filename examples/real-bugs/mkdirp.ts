import fs, { rmSync } from 'node:fs';
import path, { join } from 'node:path';
import { load, scratchFolder, type RealBug } from './real-bug.ts';

interface MkdirpModule {
  readonly default: { mkdirp(path: string, mode: number, done: (error: Error | null) => void): void };
}

/** Looks, then makes; and takes no notice of a folder that somebody else has made in between. */
export const mkdirp: RealBug = {
  name: 'mkdirp',
  buggy: '0.0.3',
  fixed: '0.0.6',
  issue: 'isaacs/node-mkdirp 43a958e, 83f9c24',
  kind: 'check, then act on the file system',
  wrongOrder: 'the second call looks before the first has made the folder',
  fails: /EEXIST/,
  async scenario(alias) {
    // Where `exists` was when this was written.
    Object.assign(path, { exists: (place: string, then: (found: boolean) => void) => fs.exists(place, then) });
    const { default: module } = await load<MkdirpModule>(alias);
    return async (sim) => {
      const base = scratchFolder('mkdirp');
      const make = (): Promise<void> =>
        new Promise((resolve, reject) => {
          module.mkdirp(join(base, 'a', 'b'), 0o755, (error) =>
            error === null || error === undefined ? resolve() : reject(error),
          );
        });
      try {
        await Promise.all([sim.spawn('first', make), sim.spawn('second', make)]);
      } finally {
        rmSync(base, { recursive: true, force: true });
      }
    };
  },
};
