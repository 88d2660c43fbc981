import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const main = resolve('dist/src/cli/main.js');
const env = { ...process.env, NO_COLOR: '1' };

function demoToken(): string {
  const { stdout } = spawnSync(process.execPath, [main, 'demo'], { encoding: 'utf8', env });
  return /st1\.\S+/.exec(stdout)![0];
}

test('replay --step walks through an execution in a pseudo-terminal', () => {
  const command = `'${process.execPath}' '${main}' demo --replay ${demoToken()} --step`;
  const typed = ['n', 'c 5', 'b', 'c shutdown:enter', 'o 1', 'c end', 'b', 'q', ''].join('\n');
  // util-linux: runs the command in a terminal of its own and types what comes in.
  const { stdout, status } = spawnSync('script', ['-qec', command, '/dev/null'], {
    encoding: 'utf8',
    env,
    input: typed,
  });
  const text = stdout.replaceAll('\r', '');
  const prompts = [...text.matchAll(/^step (\d+)> |^ended/gm)].map(([told, step]) => step ?? told);
  expect(prompts.slice(0, 4)).toEqual(['1', '2', '5', '4']);
  expect(prompts).toContain('ended');
  expect(text).toMatch(/ {2}> \d+ +shutdown +shutdown:enter +examples\/lifecycle\/broken\.ts:30:11/);
  expect(text).toMatch(/waiting:\n +main +on an await +examples\/lifecycle\/harness\.ts:64:\d+/);
  expect(status).toBe(/It passes\.\n[^]*The execution passes\./.test(text) ? 0 : 1);
}, 30_000);

test('without a terminal it is one sentence and exit code 2', () => {
  const { status, stdout, stderr } = spawnSync(
    'setsid',
    ['--wait', process.execPath, main, 'demo', '--replay', 'st1.x', '--step'],
    { encoding: 'utf8', env },
  );
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toBe('straddle: Stepping needs a terminal, and this process has none.\n');
});
