import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { load, scratchFolder, type RealBug } from './real-bug.ts';

interface Storage {
  setItem(key: string, value: string): Promise<void>;
}
interface CoreModule {
  createStorage(options: { driver: unknown }): Storage;
}
interface DriverModule {
  readonly default: ((options: object) => unknown) | { default(options: object): unknown };
}

/** The folder of an item is looked for, and made if it is not there: two writers both make it, and one fails. */
export const unstorage: RealBug = {
  name: 'unstorage',
  buggy: '0.1.4',
  fixed: '0.1.5',
  issue: 'unjs/unstorage 437cc76',
  kind: 'check, then act on the file system',
  wrongOrder: 'the second look for the folder before the first makes it',
  fails: /EEXIST/,
  async scenario(alias) {
    const { createStorage } = await load<CoreModule>(alias);
    // Its `exports` are of a form that Node no longer reads.
    const main = createRequire(import.meta.url).resolve(alias);
    const file = pathToFileURL(join(dirname(main), '../drivers/fs.js')).href;
    const driver = (await load<DriverModule>(file)).default;
    const fs = typeof driver === 'function' ? driver : (options: object) => driver.default(options);
    return async (sim) => {
      const base = scratchFolder('unstorage');
      try {
        const storage = createStorage({ driver: fs({ base }) });
        await Promise.all(
          ['ann', 'bob'].map((name) => sim.spawn(name, () => storage.setItem(`users:${name}`, 'here'))),
        );
      } finally {
        rmSync(base, { recursive: true, force: true });
      }
    };
  },
};
