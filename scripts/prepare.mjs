// Makes a fresh clone ready: installs the locked packages when they are missing or outdated, then builds.
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';

// On Windows npm is a script, which only a shell can start.
const shell = process.platform === 'win32';
const run = (...args) => execFileSync('npm', args, { stdio: ['ignore', 2, 2], shell });

const installed = 'node_modules/.package-lock.json';
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync('package-lock.json').mtimeMs) {
  console.error('straddle: installing the locked packages …');
  // `npm ci` refuses the lock file where a registry lacks some platforms' optional binaries; `install` follows it.
  run('install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline');
}
console.error('straddle: building …');
run('run', '--silent', 'build');
