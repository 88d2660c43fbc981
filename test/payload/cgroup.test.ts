import { describe, expect, test } from 'vitest';
import { resolveCgroup } from '../../src/payload/cgroup.ts';
import { liveHandles, payload } from '../../src/payload/index.ts';

const parent = '/sys/fs/cgroup/test';
const resolve = (name: string) => resolveCgroup({ parent, name }, 'payload.run');

test('a name is joined to its parent, slashes at its start ignored', () => {
  expect(resolve('workload')).toBe('/sys/fs/cgroup/test/workload');
  expect(resolve('/workload')).toBe('/sys/fs/cgroup/test/workload');
  expect(resolve('//a/./b/')).toBe('/sys/fs/cgroup/test/a/b');
});

test('two dots inside a component are an ordinary name', () => {
  expect(resolve('a..b')).toBe('/sys/fs/cgroup/test/a..b');
});

describe('a name that does not lie below the parent is refused, naming the call', () => {
  test.each([
    ['../escape', "payload.run: cgroup name '../escape' contains '..'; it must stay within its parent cgroup."],
    ['a/../../b', "payload.run: cgroup name 'a/../../b' contains '..'; it must stay within its parent cgroup."],
    ['./..', "payload.run: cgroup name './..' contains '..'; it must stay within its parent cgroup."],
    ['a\0b', "payload.run: cgroup name 'a\\0b' contains a NUL byte."],
    ['', "payload.run: cgroup name '' is empty or means the parent cgroup itself."],
    ['/', "payload.run: cgroup name '/' is empty or means the parent cgroup itself."],
    ['.', "payload.run: cgroup name '.' is empty or means the parent cgroup itself."],
    ['./', "payload.run: cgroup name './' is empty or means the parent cgroup itself."],
    ['/.//.', "payload.run: cgroup name '/.//.' is empty or means the parent cgroup itself."],
  ])('%j', (name, message) => {
    expect(() => resolve(name)).toThrow(expect.objectContaining({ kind: 'payload-cgroup', message }));
  });

  test.each(['', 'relative', '/a\0'])('the parent %j', (bad) => {
    expect(() => resolveCgroup({ parent: bad, name: 'x' }, 'payload.run')).toThrow('must be an absolute path');
  });
});

test('the error names the call that was made and no other', () => {
  const messageOf = (operation: 'payload.run' | 'payload.spawn') => {
    try {
      return resolveCgroup({ parent, name: '..' }, operation);
    } catch (error) {
      return String(error);
    }
  };
  expect(messageOf('payload.run')).toContain('payload.run');
  expect(messageOf('payload.run')).not.toContain('payload.spawn');
  expect(messageOf('payload.spawn')).toContain('payload.spawn');
  expect(messageOf('payload.spawn')).not.toContain('payload.run');
});

test('without a placement there is nothing to judge', async () => {
  expect(await payload('true').run()).toMatchObject({ exitCode: 0 });
});

test('run refuses a bad name before anything starts', async () => {
  const run = payload('/no/such/binary').place({ parent, name: '../escape' }).run();
  await expect(run).rejects.toThrow(/^payload\.run: .*'\.\.'/);
  expect(liveHandles()).toEqual([]);
});

test('spawn refuses a bad name before anything starts', async () => {
  const spawned = payload('/no/such/binary').place({ parent, name: 'nul\0' }).spawn();
  await expect(spawned).rejects.toThrow(/^payload\.spawn: .*NUL/);
  expect(liveHandles()).toEqual([]);
});
