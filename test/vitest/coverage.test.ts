import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { execute, project } from './project.ts';

const STORE = `// A line of its own.
export interface Row { n: number }

export class Store {
  readonly #rows = new Map<string, Row>();

  async get(id: string): Promise<Row | undefined> {
    await Promise.resolve();
    return this.#rows.get(id);
  }

  async add(id: string, n: number): Promise<void> {
    const seen = (await this.get(id)) ?? { n: 0 };
    if (n < 0) {
      await this.never();
      return;
    }
    for await (const k of [1, 2]) this.#rows.set(id, { n: seen.n + n + k - k });
    await this.get(id).then((row) => row?.n);
  }

  private async never(): Promise<void> {
    await Promise.reject(new Error('negative'));
  }
}
`;

const TEST = `
import { expect, test } from 'vitest';
import { Store } from './store';
test('adds', async () => {
  const store = new Store();
  await store.add('a', 2);
  expect((await store.get('a'))?.n).toBe(2);
  expect(String(store.get).includes('await Promise.resolve()')).toBe(process.env.PLUGIN === undefined);
});
`;

const CONFIG = `
import { straddle } from 'straddle/vite';
export default {
  plugins: process.env.PLUGIN ? [straddle()] : [],
  test: { coverage: { enabled: true, include: ['store.ts'], reporter: ['json'], reportsDirectory: process.env.INTO } },
};
`;

test('coverage of instrumented code is that of the code as it was written', async () => {
  const folder = project({ 'store.ts': STORE, 'store.test.ts': TEST, 'vitest.config.js': CONFIG });
  const bin = join(process.cwd(), 'node_modules/vitest/vitest.mjs');
  const [plain, instrumented] = await Promise.all(
    [{ INTO: 'plain' }, { INTO: 'instrumented', PLUGIN: '1' }].map(async (env) => {
      const { code, stdout, stderr } = await execute(folder, bin, ['run'], env);
      expect(code, stdout + stderr).toBe(0);
      return readFileSync(join(folder, env.INTO, 'coverage-final.json'), 'utf8');
    }),
  );
  expect(plain).toContain('"line":15');
  expect(instrumented).toBe(plain);
});
