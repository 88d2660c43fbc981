import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { liveHandles, payload } from '../../src/payload/index.ts';
import { notStarted } from '../../src/payload/launch-error.ts';
import { scratch, sh } from './processes.ts';

function file(mode: number, text: string): string {
  const path = join(scratch(), 'program');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const errorOf = (code: string) => Object.assign(new Error(`spawn fio ${code}`), { code });
const { plan } = payload({ name: 'bench', binary: 'fio' });

test('a binary that is not on PATH: what to do about it', () => {
  expect(notStarted(plan, errorOf('ENOENT'))).toMatchObject({
    kind: 'payload-not-found',
    message:
      "payload 'bench': the binary 'fio' was not found on PATH; install it or give its path, " +
      'and if it is a script, install the interpreter named on its first line.',
  });
});

test('any other error: just that', () => {
  expect(notStarted(plan, errorOf('EACCES'))).toMatchObject({
    kind: 'payload-not-started',
    message: "payload 'bench': the binary 'fio' could not be started: spawn fio EACCES.",
  });
});

// Placed programs are started by a shell, which reports in its own way; the sentences are the same.
describe.each([
  ['plain', (binary: string) => payload({ name: 'tool', binary })],
  ['placed', (binary: string) => payload({ name: 'tool', binary }).place(() => undefined)],
])('a program that cannot be started (%s): one sentence, the cause, nothing left', (_, tool) => {
  const cases: [string, () => string, string, (path: string) => string][] = [
    [
      'not on PATH',
      () => 'no-such-binary-here',
      'payload-not-found',
      (path) => `the binary '${path}' was not found on PATH; `,
    ],
    ['not at its path', () => '/no/such/binary', 'payload-not-found', (path) => `there is no file at '${path}'; `],
    [
      'not executable',
      () => file(0o644, '#!/bin/sh\n'),
      'payload-not-started',
      (path) => `'${path}' could not be started: `,
    ],
    ['a directory', () => scratch(), 'payload-not-started', (path) => `'${path}' could not be started: `],
    [
      'a script without its interpreter',
      () => file(0o755, '#!/no/such/interpreter\n'),
      'payload-not-found',
      (path) => `the interpreter named on the first line of '${path}' was not found; `,
    ],
  ];

  test.each(cases)('%s', async (_, make, kind, says) => {
    const path = make();
    for (const start of ['run', 'spawn'] as const) {
      const error = await tool(path)
        [start]()
        .then(
          () => expect.fail('it started'),
          (reason: unknown) => reason as Error,
        );
      expect(error).toMatchObject({ kind, cause: expect.any(Error) as Error });
      expect(error.message).toContain(`payload 'tool': `);
      expect(error.message).toContain(says(path));
      expect(error.message).toMatch(/^[^\n]*\.$/);
    }
    expect(liveHandles()).toEqual([]);
  });

  test('in a directory that does not exist', async () => {
    const run = tool('true').cwd('/no/such/directory').run();
    await expect(run).rejects.toMatchObject({
      kind: 'payload-not-started',
      message: "payload 'tool': its directory '/no/such/directory' does not exist.",
    });
  });

  test('with more arguments than the system takes', async () => {
    const run = tool('true').arg('x'.repeat(4_000_000)).run();
    await expect(run).rejects.toMatchObject({
      kind: 'payload-not-started',
      message: expect.stringContaining('E2BIG') as string,
    });
    expect(liveHandles()).toEqual([]);
  });
});

test('directory, variables and arguments reach the program as they are', async () => {
  const directory = scratch();
  mkdirSync(join(directory, 'inner'));
  process.env['STRADDLE_TEST_REMOVED'] = 'here';
  const script = 'pwd; echo "$GIVEN"; echo "${STRADDLE_TEST_REMOVED-none}"; printf "%s|" "$@"';
  const run = sh(script, 'a b', '', '$HOME', "'\n*").cwd(join(directory, 'inner'));
  const result = await run.env({ GIVEN: 'x', STRADDLE_TEST_REMOVED: undefined }).run();
  delete process.env['STRADDLE_TEST_REMOVED'];
  expect(result.stdout).toBe(`${directory}/inner\nx\nnone\na b||$HOME|'\n*|`);
});

test('a relative path is taken from the directory of the program', async () => {
  const directory = scratch();
  writeFileSync(join(directory, 'program'), '#!/bin/sh\necho here\n', { mode: 0o755 });
  expect((await payload('./program').cwd(directory).run()).stdout).toBe('here\n');
  await expect(payload('./other').cwd(directory).run()).rejects.toThrow(`there is no file at '${directory}/other'`);
});

test.skipIf(!existsSync('/proc/self/fd'))('a program inherits no descriptor but its three streams', async () => {
  const keep = await sh('sleep 60').spawn();
  const placed = await payload('ls')
    .arg('/proc/self/fd')
    .place(() => undefined)
    .run();
  const plain = await payload('ls').arg('/proc/self/fd').run();
  await keep.kill();
  // Descriptors that this process was itself started with pass through to everybody.
  const ours = new Set(readdirSync('/proc/self/fd'));
  const extra = plain.stdout
    .trim()
    .split('\n')
    .filter((fd) => Number(fd) > 3);
  for (const fd of extra) expect(ours).toContain(fd);
  expect(placed.stdout).toBe(plain.stdout);
});
