import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

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

describe('a fresh copy of the tracked files', () => {
  const clone = join(folder, 'clone');
  beforeAll(() => {
    const files = execFileSync('git', ['ls-files'], { encoding: 'utf8' }).trim().split('\n');
    for (const file of files) cpSync(file, join(clone, file));
  });

  test('npm start installs what it needs and runs the flagship in under a screen', async () => {
    const { code, out } = await run('npm', ['start', '--silent'], clone);
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n').length).toBeLessThanOrEqual(42);
    expect(out).toContain('add wins 0, shutdown wins 50');
    expect(out).toContain('add wins 20, shutdown wins 30');
    expect(out).toMatch(/add#?\d* +add:checked +examples\/lifecycle\/broken\.ts:\d+:\d+/);

    const [, command] = /Replay: (.*)$/m.exec(out)!;
    const [program, ...args] = command!.split(' ');
    const replayed = await run(program!, args, clone);
    expect(replayed.code).toBe(1);
    expect(replayed.out).toContain('error: work ran after shutdown() had returned');
  }, 120_000);
});

describe('the packed package', () => {
  const project = join(folder, 'project');
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
    const main = join(project, 'node_modules/straddle/dist/src/cli/main.js');
    for (const args of [['dmeo'], ['demo', '--nope'], ['demo', '--replay', 'st1.x']]) {
      const { code, err } = await run(process.execPath, [main, ...args], project);
      expect(code).toBe(2);
      expect(err).toMatch(/^straddle: /);
    }
  });
});

test('the fall-back drain gives the same demo', async () => {
  const main = resolve('dist/src/cli/main.js');
  const usual = await run(process.execPath, [main, 'demo'], folder);
  const fallback = await run(process.execPath, [main, 'demo'], folder, { STRADDLE_DRAIN: 'turn' });
  expect(fallback.out).toBe(usual.out);
  expect(fallback.code).toBe(0);
}, 60_000);
