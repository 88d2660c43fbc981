import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { TriageDocument } from '../../src/triage/document.ts';

const main = resolve('dist/src/cli/main.js');
const fixture = (name: string): string => `test/fixtures/flaky/${name}.mjs`;
const env = { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '', STRADDLE_FIXTURE_REGION: 'eu' };

function triaged(name: string, ...options: string[]): TriageDocument {
  rmSync(join(tmpdir(), 'straddle-fixture-cache.json'), { force: true });
  const args = [main, 'triage', '--json', ...options, '--', process.execPath, fixture(name)];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  expect(stderr).toBe('');
  expect(status).toBe(1);
  return JSON.parse(stdout) as TriageDocument;
}

describe('straddle triage -- command', () => {
  test('names the cause of a flaky program with its evidence', () => {
    const { cause, evidence, plain, complete, schema } = triaged('random-id', '--runs', '8');
    expect({ cause, complete, schema }).toEqual({ cause: 'randomness', complete: true, schema: 'straddle-triage/1' });
    expect(evidence.join(' ')).toMatch(/It fails every time with random seed: seed \d/);
    expect(plain.outcomes.length).toBe(plain.runs);
  });

  // The true cause is in each fixture's first line.
  test.runIf(process.env['STRADDLE_DEEP'] !== undefined).each([
    ['random-coin', 'randomness', /seed/],
    // On a weekend it is the working day that makes the difference.
    ['time-weekend', 'time', /clock: a (Saturday|Wednesday)/],
    ['time-sleep', 'time', /timers/],
    ['environment-variable', 'environment/uncontrolled', /the variable STRADDLE_FIXTURE_REGION/],
    ['environment-leftover', 'environment/uncontrolled', /TMPDIR/],
    ['environment-port', 'environment/uncontrolled', /differ between runs: a port \(EADDRINUSE[^)]*39771/],
    [
      'environment-pid',
      'environment/uncontrolled',
      /differ between runs: the process number \(process \d+, process \d+/,
    ],
  ])(
    '%s: %s',
    (name, cause, told) => {
      const document = triaged(name);
      expect(document.cause).toBe(cause);
      expect(document.evidence.join(' ')).toMatch(told);
    },
    300_000,
  );

  test('Ctrl-C prints what is known', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'straddle-triage-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const ran = join(folder, 'ran');
    const slow = ['sh', '-c', `echo >> ${ran}; exit 3`];
    const child = spawn(process.execPath, [main, 'triage', '--', ...slow], { env });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const runs = (): number => (existsSync(ran) ? statSync(ran).size : 0);
    while (runs() < 4) await new Promise((done) => setTimeout(done, 20));
    child.kill('SIGINT');
    expect(await new Promise((done) => child.on('close', done))).toBe(1);
    expect(out).toMatch(/^deterministic failure: [^]*It failed in all of \d+ plain runs/);
    expect(out).toContain('Ended early: what is known so far.');
  });

  test.each([
    [[], /triage needs a test or a command/],
    [['--', 'no-such-command-anywhere'], /'no-such-command-anywhere' was not found on PATH/],
    [['test/queue.test.ts'], /Which test of test\/queue\.test\.ts\? Name it: .* -t NAME/],
    [['--runs', '0', '--', 'true'], /must be a whole number from 1/],
    [['--budget', 'soon', '--', 'true'], /must be a time such as 30s/],
  ])('%j is one sentence and exit code 2', (args, sentence) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'triage', ...args], {
      encoding: 'utf8',
      env,
    });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^straddle: [^\n]*\n$/);
    expect(stderr).toMatch(sentence);
  });

  test('a program that always passes is exit code 0, with the bound that the runs support', () => {
    const args = [main, 'triage', '--runs', '3', '--budget', '700ms', '--', 'true'];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^not reproduced: true\n +It passed all of \d plain runs?: at most \d+ % of its runs fail/);
  });
});
