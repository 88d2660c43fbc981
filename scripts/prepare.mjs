// Makes a fresh clone ready: installs the locked packages when they are missing or outdated, then builds.
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const run = (...args) => execFileSync(npm, args, { stdio: ['ignore', 2, 2] });

const installed = 'node_modules/.package-lock.json';
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync('package-lock.json').mtimeMs) {
  console.error('straddle: installing the locked packages …');
  // `npm ci` refuses the lock file where a registry lacks some platforms' optional binaries; `install` follows it.
  run('install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline');
}
console.error('straddle: building …');
run('run', '--silent', 'build');
