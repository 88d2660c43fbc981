import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { clean, project } from '../vitest/project.ts';

const LOG = `export class Log {
  lines = [];
  async write(line, ready) { await ready; this.lines.push(line); }
}
`;
const RACE = `const log = new Log();
  const ready = new Promise((resolve) => setTimeout(resolve, 5));
  await Promise.all([log.write('a', ready.then(() => {})), log.write('b', ready.then(() => {}))]);
  expect(log.lines).toEqual(['a', 'b']);`;
const LONG = `let n = 0;
  const task = async () => { for (let i = 0; i < 20; i++) { await new Promise((resolve) => setTimeout(resolve, 1)); n++; } };
  await Promise.all([task(), task(), task()]);
  expect(n).toBe(60);`;

const folder = project({
  'vitest.config.js': `import { straddle } from 'straddle/vite';
export default process.env.WATCHED ? { plugins: [straddle()] } : {};`,
  'log.js': LOG,
  'suite.test.js': `import { expect, test } from 'vitest';
import { Log } from './log.js';
test('races', async () => { ${RACE} });
test('takes long', async () => { ${LONG} });
`,
  'watched.test.js': `import { expect, test } from 'straddle/vitest';
import { Log } from './log.js';
test.interleavings('races', async () => { ${RACE} });
`,
});

/** A command in a terminal of its own. */
class Terminal {
  readonly #process: ChildProcessWithoutNullStreams;
  #text = '';
  readonly ended: Promise<number | null>;

  constructor(command: string, env: Readonly<Record<string, string>> = {}) {
    // util-linux: what is written to it is typed. A shell that stays would be interrupted, too, and end before the command.
    this.#process = spawn('script', ['-qefc', `exec ${command}`, '/dev/null'], {
      cwd: folder,
      env: { ...clean(process.env), CI: '', NO_COLOR: '1', TERM: 'xterm', ...env },
    });
    this.#process.stdout.on('data', (chunk: Buffer) => (this.#text += chunk.toString()));
    this.ended = new Promise((then) => this.#process.on('close', then));
    onTestFinished(() => void this.#process.kill());
  }

  get text(): string {
    return stripVTControlCharacters(this.#text).replaceAll('\r', '\n');
  }

  type(keys: string): void {
    this.#process.stdin.write(keys);
  }

  async shows(pattern: RegExp): Promise<void> {
    await expect.poll(() => this.text, { timeout: 30_000, interval: 50 }).toMatch(pattern);
  }

  clear(): void {
    this.#text = '';
  }
}

test('explore shows a bar with rate and time left; Ctrl-C prints what is known so far', async () => {
  const main = join(folder, 'node_modules/straddle/dist/src/cli/main.js');
  const terminal = new Terminal(`'${process.execPath}' '${main}' explore suite --runs 100000000 --seed 1`);
  await terminal.shows(/[█░=-]+ 1 of 2 tests, \d+ executions \([\d.]+ a second\), \d+s left/);
  terminal.clear();
  terminal.type('\u0003');
  expect(await terminal.ended).toBe(1);
  expect(terminal.text).toContain('Interrupted: this is what is known so far.');
  expect(terminal.text).toMatch(/1 test depends on the order\n+ {2}suite\.test\.js:3 › races\n/);
  expect(terminal.text).toMatch(/npx straddle replay st1\.\S+/);
  // The test that was being explored is ended, not lost.
  expect(terminal.text).toContain('\n1 independent of the order');
  expect(terminal.text).not.toContain('Problems outside of tests');
}, 60_000);

test('watch mode tries the schedule that failed last before any other', async () => {
  const bin = resolve('node_modules/vitest/vitest.mjs');
  const terminal = new Terminal(`'${process.execPath}' '${bin}' --watch watched`, { WATCHED: '1' });
  await terminal.shows(/found by (?!an earlier)[^]*press h to show help/);
  terminal.clear();
  terminal.type('r');
  await terminal.shows(/found by an earlier failure[^]*press h to show help/);
  terminal.type('q');
  await terminal.ended;
}, 60_000);
