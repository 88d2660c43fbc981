// Makes a fresh clone ready: installs the locked packages when they are missing or outdated, then builds.
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const run = (...args) => execFileSync(npm, args, { stdio: ['ignore', 2, 2] });

const installed = 'node_modules/.package-lock.json';
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync('package-lock.json').mtimeMs) {
  console.error('straddle: installing the locked packages …');
  run('ci', '--no-audit', '--no-fund', '--loglevel=error');
}
console.error('straddle: building …');
run('run', '--silent', 'build');
