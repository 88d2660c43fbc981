import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { execute, project } from '../vitest/project.ts';

const main = resolve('dist/src/cli/main.js');
const env = { ...process.env, NO_COLOR: '1' };

/** What a command shows in a terminal of its own into which these lines are typed, by the script of util-linux. */
function typed(command: string, lines: readonly string[], cwd: string): { text: string; status: number | null } {
  const { stdout, status } = spawnSync('script', ['-qec', command, '/dev/null'], {
    cwd,
    encoding: 'utf8',
    env,
    input: [...lines, ''].join('\n'),
  });
  return { text: stdout.replaceAll('\r', ''), status };
}

test('without a terminal, stepping is one sentence and exit code 2', () => {
  const { status, stdout, stderr } = spawnSync(
    'setsid',
    ['--wait', process.execPath, main, 'demo', '--replay', 'st1.x', '--step'],
    { encoding: 'utf8', env },
  );
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toBe('straddle: Stepping needs a terminal, and this process has none.\n');
});

describe('of a test of Vitest', () => {
  let folder: string;
  let token: string;
  beforeAll(async () => {
    folder = project({
      'writer.js': `export function writer(io) {
  const lines = [];
  return { lines, write: async (line) => { await io(line); lines.push(line); } };
}`,
      'log.test.js': `import { expect, test } from 'vitest';
import { writer } from './writer.js';
test('logs in order', async () => {
  const { lines, write } = writer((line) => new Promise((resolve) => setTimeout(resolve, line.length)));
  console.log('the test begins');
  await Promise.all([write('a'), write('b')]);
  expect(lines.join('')).toBe('ab');
});`,
    });
    const { stdout } = await execute(folder, main, ['explore', '--seed', '1']);
    [token] = /st1\.\S+/.exec(stdout)!;
  }, 60_000);

  test('replay --show says what the token holds, and runs nothing', async () => {
    const { code, stdout } = await execute(folder, main, ['replay', token, '--show', '--json']);
    const { schema, kind, deviations } = JSON.parse(stdout) as Record<string, unknown>;
    expect({ code, schema, kind }).toEqual({ code: 0, schema: 'straddle-token/1', kind: 'error' });
    expect(deviations).toMatchObject([
      { step: 2, op: 'timeout' },
      { step: 3, task: 'main/1' },
    ]);
  });

  test('replay --step leads through it from the terminal: on, back, to a deviation, along another order', () => {
    const command = `'${process.execPath}' '${main}' replay ${token} --step`;
    const lines = ['n', 'b', 'd', 'c end', 'b 3', 'o 1', 'c end', 'q'];
    const { text, status } = typed(command, lines, folder);
    const prompts = [...text.matchAll(/^step (\d+)> |^ended/gm)].map(([told, step]) => step ?? told);
    expect(prompts).toEqual(['1', '2', '1', '2', 'ended', '3', '4', 'ended']);
    expect(text).toMatch(/ {2}\| the test begins\n\nstep 1 of 5, virtual time 0 ms\n/);
    expect(text).toMatch(/waiting:\n +main +on await io\(line\) in write +writer\.js:3:44\n/);
    expect(text).toMatch(/ {2}> 2 +timeout#2 +timeout +log\.test\.js:4:70 +\(a deviation\)/);
    expect(text).toMatch(/ {2}> 2 +main\/1 +io\(line\) in write +writer\.js:3:44 +\(a deviation\)/);
    expect(text).toMatch(/\nerror: expected 'ba' to be 'ab'[^\n]*\nended \(b back, q quit\)> /);
    expect(text).toMatch(/ended after 6 steps, off the recorded schedule\.\nIt passes\.\n/);
    expect(text).toMatch(/log\.test\.js › logs in order\nThe execution passes\.\n/);
    expect(status).toBe(0);
  }, 60_000);

  test('replay --inspect opens the inspector and stops before the first deviation', async () => {
    const replayed = spawn(process.execPath, [main, 'replay', token, '--inspect'], { cwd: folder, env });
    onTestFinished(() => void replayed.kill());
    const told = heard(replayed, replayed.stdout!);
    const [, address] = await heard(replayed, replayed.stderr!).match(/Debugger listening on ws:\/\/([\d.]+:\d+)\//);
    // The debugger that comes with Node.
    const client = spawn(process.execPath, ['inspect', address!], { env });
    onTestFinished(() => void client.kill());
    const shown = heard(client, client.stdout!);
    await shown.match(/break in \S+\/step\/inspecting\.[jt]s:\d+\n/);
    client.stdin!.write('exec [step, firstDeviation]\n');
    await shown.match(/\[ 2, 2 \]/);
    expect(told.text).toBe('');
    client.stdin!.end('cont\n');
    await told.match(/error: expected 'ba' to be 'ab'/);
    expect(await new Promise((done) => replayed.once('close', done))).toBe(1);
  }, 60_000);
});

/** The output of a process, as far as it has come. */
function heard(
  child: ChildProcess,
  stream: NodeJS.ReadableStream,
): { text: string; match(pattern: RegExp): Promise<RegExpExecArray> } {
  const output = {
    text: '',
    match: (pattern: RegExp) =>
      new Promise<RegExpExecArray>((done, fail) => {
        const look = (): void => {
          const found = pattern.exec(output.text);
          if (found !== null) done(found);
        };
        stream.on('data', look);
        child.once('close', () => {
          look();
          fail(new Error(`It ended without ${String(pattern)}: ${output.text}`));
        });
        look();
      }),
  };
  stream.on('data', (chunk: Buffer) => (output.text += chunk.toString()));
  return output;
}
