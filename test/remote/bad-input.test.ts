import { describe, expect, test } from 'vitest';
import { liveHandles } from '../../src/payload/index.ts';
import { fixture, fork, remote, serve } from './built.ts';

const sentence = /^[^\n]+[.)]$/;

describe('one clear sentence, and nothing left running', () => {
  test.each<[string, string | URL, string, RegExp]>([
    ['no such module', fixture('missing.js'), 'remote-module', /there is no file at '.*missing\.js'\.$/],
    ['no such module, as URL', new URL('file:///nowhere.js'), 'remote-module', /no file at '\/nowhere\.js'\.$/],
    ['a URL that is no file', new URL('https://example.com/x.js'), 'remote-module', /scheme file/],
    ['a NUL byte', 'a\0b.js', 'remote-module', /NUL byte|null byte/i],
    ['an empty name', '', 'usage', sentence],
    [
      'a module that throws',
      fixture('throws.js'),
      'remote-module',
      /'throws\.js' could not start: .*loaded: not today$/,
    ],
    ['a module without a server', fixture('no-server.js'), 'remote-module', /exports no `server`; write/],
    ['a module of another version', fixture('other-version.js'), 'remote-version', /version 1, but .* version 99/],
    ['a directory', fixture('.'), 'remote-module', /could not be loaded/],
  ])('%s', async (_, module, kind, message) => {
    const error = (await remote.fork(module, undefined).catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ name: 'StraddleError', kind });
    expect(error.message).toMatch(message);
    expect(liveHandles()).toEqual([]);
  });

  test('a module that never finishes loading', async () => {
    const limits = { startMs: 300, graceMs: 300, exitMs: 300 };
    await expect(fork(fixture('never-loads.js'), undefined, {}, limits)).rejects.toMatchObject({
      kind: 'remote-start',
    });
  });

  test('a configuration that cannot be sent', async () => {
    await expect(remote.fork(fixture('bare.js'), (() => 1) as never)).rejects.toMatchObject({
      kind: 'remote-argument',
      message: expect.stringMatching(/^argument 1 of lifecycle\/bootstrap cannot be sent/) as string,
    });
  });

  test('arguments that node does not know', async () => {
    await expect(remote.fork(fixture('bare.js'), undefined, { execArgv: ['--no-such-flag'] })).rejects.toMatchObject({
      kind: 'child-exited',
      message: expect.stringContaining('--no-such-flag') as string,
    });
  });

  test('a server that is no function', () => {
    expect(() => serve({} as never)).toThrow(expect.objectContaining({ kind: 'usage' }));
  });
});
