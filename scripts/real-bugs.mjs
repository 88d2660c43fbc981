// Runs the ten bugs of published packages, which are instrumented as Node loads them.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const at = (path) => new URL(`../${path}`, import.meta.url);
const { status } = spawnSync(
  process.execPath,
  [
    '--import',
    at('dist/src/instrument/register.js').href,
    fileURLToPath(at('dist/examples/real-bugs/main.js')),
    ...process.argv.slice(2),
  ],
  {
    cwd: fileURLToPath(at('.')),
    stdio: 'inherit',
    env: { ...process.env, STRADDLE_INCLUDE: 'node_modules/*-buggy/**,node_modules/*-fixed/**' },
  },
);
process.exitCode = status ?? 1;
