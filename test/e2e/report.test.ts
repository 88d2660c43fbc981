import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDocument, writeDocument } from '../../src/report/files.ts';
import { sampleDocument } from '../report/samples.ts';

const main = resolve('dist/src/cli/main.js');
const project = mkdtempSync(join(tmpdir(), 'straddle-report-'));
afterAll(() => rmSync(project, { recursive: true, force: true }));

function straddle(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'report', ...args], {
    cwd: project,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', GITHUB_ACTIONS: '' },
  });
  return { code: status, out: stdout, err: stderr };
}

describe('straddle report', () => {
  beforeAll(async () => {
    writeDocument(await sampleDocument(), join(project, '.straddle/last.json'));
  });

  test('writes the HTML of the last exploration into the store and says where', () => {
    expect(straddle()).toEqual({ code: 0, out: '.straddle/report.html\n', err: '' });
    expect(readFileSync(join(project, '.straddle/report.html'), 'utf8')).toMatch(/^<!doctype html>/);
  });

  test('prints the other formats, or writes them to a file', () => {
    expect(straddle('--format', 'mermaid').out).toMatch(
      /^---\ntitle: "counter > is never behind"\n---\nsequenceDiagram/,
    );
    const { out } = straddle('--json');
    expect(parseDocument(out, 'stdout').tests.length).toBe(4);
    expect(straddle('--format', 'junit', '--out', 'junit.xml').out).toBe('junit.xml\n');
    expect(existsSync(join(project, 'junit.xml'))).toBe(true);
  });

  test('minds not that nobody reads on', async () => {
    // More than a pipe holds.
    const sources = { 'long.ts': 'x'.repeat(1e6) };
    writeDocument({ ...(await sampleDocument()), sources }, join(project, 'long.json'));
    const child = spawn(process.execPath, [main, 'report', 'long.json', '--json'], { cwd: project });
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise((ended) => child.on('close', ended));
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  test.each([
    [['--format', 'pdf'], /Allowed choices are html, json/],
    [['none.json'], /There is no report at none\.json/],
    [['newer.json'], /The report newer\.json has version 9, and this straddle reads version 1/],
    [['--out', 'torn.json/x.html'], /cannot be written to torn\.json\/x\.html \((EEXIST|ENOTDIR)\)/],
  ])('%j is one sentence and exit code 2', (args, sentence) => {
    writeFileSync(join(project, 'newer.json'), '{"schema":"straddle-report/9"}');
    writeFileSync(join(project, 'torn.json'), '{"schema":');
    const { code, out, err } = straddle(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^straddle: .*\n$/);
    expect(err).toMatch(sentence);
  });
});
