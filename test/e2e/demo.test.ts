import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDocument } from '../../src/report/files.ts';

const folder = mkdtempSync(join(tmpdir(), 'straddle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number;
  out: string;
  err: string;
}

function run(command: string, args: string[], cwd: string, env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((done) => {
    execFile(command, args, { cwd, env: { ...process.env, NO_COLOR: '1', ...env } }, (error, out, err) => {
      done({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

// Half a minute of installing and building; a clean clone in CI runs it, too.
describe.runIf(process.env['STRADDLE_DEEP'] === '1')('a fresh copy of the tracked files', () => {
  const clone = join(folder, 'clone');
  beforeAll(() => {
    const files = execFileSync('git', ['ls-files'], { encoding: 'utf8' }).trim().split('\n');
    for (const file of files) cpSync(file, join(clone, file));
  });

  async function replays(command: string): Promise<void> {
    const [program, ...args] = command.split(' ');
    const replayed = await run(program!, args, clone);
    expect(replayed.code).toBe(1);
    expect(replayed.out).toContain('error: work ran after shutdown() had returned');
    expect(replayed.out).toContain(command);
  }

  test('npm start installs what it needs and runs the flagship in under a screen', async () => {
    const { code, out } = await run('npm', ['start', '--silent'], clone);
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(40);
    // The token cannot be folded: it is to be pasted.
    for (const line of lines.slice(0, -1)) expect(line.length, line).toBeLessThanOrEqual(100);
    expect(out).toMatch(
      /vacuous: The branch 'add wins' was never taken[^]*execution +add wins +shutdown wins\n +1 +0 +50\n/,
    );
    expect(out).toMatch(/only if the 0\.05 ms sleep at examples\/lifecycle\/harness\.ts:\d+:\d+ elapses before/);
    expect(out).toContain('add wins 20, shutdown wins 30 in each of 20 executions');
    expect(out).toMatch(/pass: add wins in \d+, shutdown wins in \d+ of 200 executions/);
    expect(out).toMatch(/add#?\d* +add:checked +examples\/lifecycle\/broken\.ts:\d+:\d+/);
    expect(out).toMatch(/^ *> +\d+ /m);

    const [, command] = /Replay: (.*)$/m.exec(out)!;
    await replays(command!);
  }, 120_000);

  test('npm test runs there too', async () => {
    const { code, out } = await run('npm', ['test', '--', 'test/scheduler/portfolio.test.ts'], clone);
    expect(code, out).toBe(0);
  }, 60_000);

  test('a fixed lifecycle that is broken fails with its story, and its command replays it', async () => {
    const file = join(clone, 'examples/lifecycle/lifecycle.ts');
    const source = readFileSync(file, 'utf8');
    // It looks before it takes the lock.
    const broken = source
      .replace('const accepted =', 'const open = !this.#closed;\n    const accepted =')
      .replace('if (this.#closed)', 'if (!open)');
    expect(broken).not.toBe(source);
    writeFileSync(file, broken);
    const { code, out } = await run('npm', ['start', '--silent'], clone);
    expect(code).toBe(1);
    const [, act] = /^4\. ([^]*)^5\. /m.exec(out)!;
    expect(act).toMatch(/ error: work ran after shutdown\(\) had returned\n[^]*lifecycle\.ts:\d+:\d+/);
    const [, command] = /Replay: (.*)$/m.exec(act!)!;
    await replays(command!);
  }, 120_000);
});

const project = join(folder, 'project');
const INSTALLED = join(project, 'node_modules/straddle/dist/src/cli/main.js');

describe('the packed package', () => {
  beforeAll(() => {
    const packed = JSON.parse(
      execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    ) as { filename: string }[];
    const modules = join(project, 'node_modules');
    execFileSync('mkdir', ['-p', join(modules, 'straddle')]);
    execFileSync('tar', [
      'xzf',
      join(folder, packed[0]!.filename),
      '--strip-components=1',
      '-C',
      join(modules, 'straddle'),
    ]);
    const manifest = JSON.parse(readFileSync(join(modules, 'straddle', 'package.json'), 'utf8')) as {
      dependencies: object;
    };
    for (const name of Object.keys(manifest.dependencies)) {
      if (name.startsWith('@')) execFileSync('mkdir', ['-p', join(modules, name.split('/')[0]!)]);
      symlinkSync(resolve('node_modules', name), join(modules, name));
    }
  });

  test('is imported from an empty project, point and all', async () => {
    writeFileSync(
      join(project, 'try.mjs'),
      `import { explore } from 'straddle';
       import { point } from 'straddle/point';
       await point('outside');
       const report = await explore(async (sim) => { await Promise.all([sim.spawn('a', () => point('x')), sim.spawn('b', () => point('x'))]); }, { runs: 50 });
       console.log(report.verdict);`,
    );
    expect(await run(process.execPath, ['try.mjs'], project)).toEqual({ code: 0, out: 'pass\n', err: '' });
  });

  test('wrong use of the command is one sentence and exit code 2', async () => {
    for (const args of [
      ['dmeo'],
      ['demo', '--jsn'],
      ['demo', 'x'],
      ['demo', '--replay'],
      ['demo', '--replay', 'st1.x'],
    ]) {
      const { code, out, err } = await run(process.execPath, [INSTALLED, ...args], project);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toMatch(/^straddle: .*\n$/);
    }
  });
});

describe('the demo of this checkout', () => {
  const main = resolve('dist/src/cli/main.js');
  const demo = (args: string[] = [], env: Record<string, string> = {}, flags: string[] = []): Promise<Ended> =>
    run(process.execPath, [...flags, main, 'demo', ...args], resolve('.'), env);
  let usual: Ended;
  beforeAll(async () => {
    usual = await demo();
  });

  test('ends as the README shows', () => {
    const [, shown] = /```text\n([^]*?)```/.exec(readFileSync('README.md', 'utf8'))!;
    const told = usual.out.split('\n').map((line) => line.replace(/^ {3}/, ''));
    const lines = shown!
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '…');
    for (const line of lines) expect(told.map((one) => one.replace(/st1\..*/, 'st1.…'))).toContain(line);
  });

  test('is the same under the fall-back drain, and with source maps from the start', async () => {
    // Without a terminal there are no colours either.
    expect(await demo([], { STRADDLE_DRAIN: 'turn', NO_COLOR: '' })).toEqual(usual);
    expect(await demo([], {}, ['--enable-source-maps'])).toEqual(usual);
  }, 60_000);

  test('replays the token of the environment, too; installed, by its own command', async () => {
    const [token] = /st1\.\S+/.exec(usual.out)!;
    const replayed = await demo([], { STRADDLE_REPLAY: token });
    expect(replayed.code).toBe(1);
    expect(replayed.out).toMatch(/^error: work ran after shutdown\(\) had returned\n/);
    expect(await demo(['--replay', token])).toEqual(replayed);
    const packed = await run(process.execPath, [INSTALLED, 'demo', '--replay', token], project);
    expect(packed.code).toBe(1);
    expect(packed.out).toContain(`Replay: npx straddle demo --replay ${token}`);
  });

  test('has colours only where they are wanted', async () => {
    expect((await demo([], { NO_COLOR: '', FORCE_COLOR: '1' })).out).toContain('\x1b[');
    expect(usual.out).not.toContain('\x1b[');
  });

  test('prints its reports as JSON', async () => {
    const { code, out } = await demo(['--json']);
    expect(code).toBe(0);
    const { tests } = parseDocument(out, 'stdout');
    expect(tests.map(({ name, report }) => `${name} ${report.verdict}`)).toEqual([
      'vacuous vacuous',
      'slept fail',
      'gated pass',
      'random pass',
      'caught fail',
    ]);
  });
});
