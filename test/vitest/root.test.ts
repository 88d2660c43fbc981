import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { startedIn } from '../../src/vitest/root.ts';

test('a project below the folder where Vitest was started is kept there, another one at its own root', () => {
  const cwd = process.cwd();
  expect(startedIn(cwd)).toBe(cwd);
  expect(startedIn(join(cwd, 'packages/a'))).toBe(cwd);
  expect(startedIn(join(cwd, '..ä'))).toBe(cwd);
  expect(startedIn(join(dirname(cwd), 'elsewhere'))).toBe(join(dirname(cwd), 'elsewhere'));
});
