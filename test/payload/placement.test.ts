import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { ExecFailed, handshake, WRAPPER } from '../../src/payload/handshake.ts';
import { liveHandles } from '../../src/payload/index.ts';
import { launch } from '../../src/payload/launch.ts';
import { LIMITS } from '../../src/payload/limits.ts';
import { leave } from '../../src/payload/live.ts';
import { expectGone, isAlive, members, scratch, sh } from './processes.ts';

/** A directory that looks like a cgroup below `parent`. */
function fakeCgroup(name: string): { parent: string; name: string; procs: string } {
  const parent = scratch();
  mkdirSync(join(parent, name));
  const procs = join(parent, name, 'cgroup.procs');
  writeFileSync(procs, '');
  return { parent, name, procs };
}

/** The parent's end of a channel whose other end is played by the test. */
function played(onWrite: (text: string, wrapper: { says(text: string): void; ends(): void }) => void): Duplex {
  const channel: Duplex = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      onWrite(chunk.toString(), {
        says: (text) => void channel.push(text),
        ends: () => void channel.destroy(),
      });
      done();
    },
  });
  return channel;
}

describe('a placed program', () => {
  test('is in its place before its first instruction: same process, number and line break written', async () => {
    const { procs, ...cgroup } = fakeCgroup('workers');
    const result = await sh('cat "$1"; echo $$', procs).place(cgroup).run();
    const [placed, ran] = result.stdout.split('\n');
    expect(Number(placed)).toBeGreaterThan(1);
    expect(ran).toBe(placed);
    expect(readFileSync(procs, 'utf8')).toBe(`${placed}\n`);
  });

  test('waits as long as its placement takes', async () => {
    const order: string[] = [];
    const mark = join(scratch(), 'ran');
    const handle = await sh('echo > "$1"', mark)
      .place(async (pid) => {
        order.push('placing');
        expect(isAlive(pid)).toBe(true);
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(existsSync(mark)).toBe(false);
        order.push('placed');
      })
      .spawn();
    order.push('started');
    await handle.wait();
    expect(order).toEqual(['placing', 'placed', 'started']);
    expect(existsSync(mark)).toBe(true);
  });

  test('keeps arguments, variables, exit code, signals and its group', async () => {
    const place = () => undefined;
    expect(await sh('printf "%s|" "$@"; exit 7', 'a b', '', '*').place(place).run()).toMatchObject({
      stdout: 'a b||*|',
      exitCode: 7,
    });
    const placed = await sh('echo "$go"').env({ go: 'given' }).place(place).run();
    expect(placed.stdout).toBe('given\n');
    const handle = await sh('sleep 60 & sleep 60').place(place).spawn();
    const pid = handle.pid!;
    expect(await handle.kill()).toMatchObject({ exitCode: -1, signal: 'SIGKILL' });
    await expectGone(pid);
  });

  test('its time begins when it begins', async () => {
    const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 650));
    expect(await sh('true').place(slow).timeout(600).run()).toMatchObject({ timedOut: false, exitCode: 0 });
  });

  const hierarchies = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/pids'];
  const real = hierarchies.find((directory) => {
    try {
      accessSync(join(directory, 'cgroup.procs'), constants.W_OK);
      const probe = join(directory, `straddle-probe-${process.pid}`);
      mkdirSync(probe);
      rmdirSync(probe);
      return true;
    } catch {
      return false;
    }
  });
  test.skipIf(!real)('is in a real cgroup, with all that it starts', async () => {
    const name = `straddle-test-${process.pid}`;
    mkdirSync(join(real!, name));
    try {
      const { stdout } = await sh('cat /proc/self/cgroup').place({ parent: real!, name }).run();
      expect(stdout).toMatch(new RegExp(`:/(.*/)?${name}$`, 'm'));
    } finally {
      await vi.waitFor(() => {
        rmdirSync(join(real!, name));
      });
    }
  });
});

describe('a placement that fails: the cause, and the program never runs', () => {
  async function refused(run: ReturnType<typeof sh>, limits = LIMITS): Promise<Error> {
    const mark = join(scratch(), 'ran');
    const { plan } = sh(`echo > '${mark}'`);
    const error = await launch({ ...run.plan, args: plan.args }, 'payload.run', limits).then(
      () => expect.fail('it started'),
      (reason: unknown) => reason as Error,
    );
    expect(existsSync(mark)).toBe(false);
    expect(liveHandles()).toEqual([]);
    const [, pid] = /process (\d+) could not be placed/.exec(error.message) ?? [];
    await expectGone(Number(pid));
    expect(error).toMatchObject({ kind: 'payload-placement' });
    return error;
  }

  test('no such cgroup', async () => {
    const parent = scratch();
    const error = await refused(sh('').place({ parent, name: 'absent' }));
    expect(error.message).toMatch(
      new RegExp(
        `^payload 'script': process \\d+ could not be placed into cgroup 'absent' \\(${parent}/absent/cgroup.procs\\): ENOENT`,
      ),
    );
    expect(error.cause).toMatchObject({ code: 'ENOENT' });
  });

  test('a directory that is no cgroup is not made into one', async () => {
    const parent = scratch();
    mkdirSync(join(parent, 'plain'));
    await refused(sh('').place({ parent, name: 'plain' }));
    expect(existsSync(join(parent, 'plain', 'cgroup.procs'))).toBe(false);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no room');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no room'))],
  ])('a function that %s', async (_, place) => {
    const error = await refused(sh('').place(place));
    expect(error.message).toMatch(/could not be placed by its placement function: no room\.$/);
    expect(error.cause).toMatchObject({ message: 'no room' });
  });

  test('a function that never ends', async () => {
    const never = () => new Promise<never>(() => undefined);
    const error = await refused(sh('').place(never), { ...LIMITS, placementMs: 30 });
    expect(error.message).toMatch(/: it was not placed within 30 ms\.$/);
  });

  test('a function that fails after its time is over is no unhandled rejection', async () => {
    const late = () =>
      new Promise<never>((_, reject) =>
        setTimeout(() => {
          reject(new Error('late'));
        }, 60),
      );
    await refused(sh('').place(late), { ...LIMITS, placementMs: 20 });
    await new Promise((resolve) => setTimeout(resolve, 80));
  });

  test('the process dies meanwhile', async () => {
    const kills = (pid: number) => {
      process.kill(pid, 'SIGKILL');
      return new Promise<never>(() => undefined);
    };
    const error = await refused(sh('').place(kills));
    expect(error.message).toMatch(/: it ended before it was placed\.$/);
  });

  test('a process that does not even read the end of its channel is killed', async () => {
    const stopped = (pid: number) => {
      process.kill(pid, 'SIGSTOP');
      throw new Error('no room');
    };
    expect((await refused(sh('').place(stopped))).message).toMatch(/: no room\.$/);
  });

  test('what is told is the placement error, not that the wrapper then ended', async () => {
    const both = (pid: number) => {
      process.kill(pid, 'SIGKILL');
      throw new Error('the cause');
    };
    expect((await refused(sh('').place(both))).message).toMatch(/: the cause\.$/);
  });

  test('the limit is five seconds', () => {
    expect(LIMITS.placementMs).toBe(5000);
  });
});

describe.each(['/bin/sh', '/bin/bash'].filter((shell) => existsSync(shell)))('the wrapper in %s', (shell) => {
  const start = (...command: string[]) => {
    const stdio = ['ignore', 'pipe', 'pipe', 'pipe'] as const;
    const child = spawn(shell, ['-c', WRAPPER, 'wrapper', ...command], { stdio: [...stdio] });
    const channel = child.stdio[3] as Duplex;
    const text = { stdout: '', channel: '' };
    child.stdout!.on('data', (chunk: Buffer) => (text.stdout += chunk.toString()));
    channel.on('data', (chunk: Buffer) => (text.channel += chunk.toString()));
    return { child, channel, text };
  };

  test('becomes the program on one line, and only then', async () => {
    const { child, channel, text } = start('echo', 'ran');
    channel.write('\n');
    await once(child, 'close');
    expect({ code: child.exitCode, ...text }).toEqual({ code: 0, stdout: 'ran\n', channel: '' });
  });

  test('says so when it cannot become the program', async () => {
    const { child, channel, text } = start('/no/such/binary');
    channel.write('\n');
    await once(child, 'close');
    expect({ code: child.exitCode, ...text }).toEqual({ code: 127, stdout: '', channel: '127\n' });
  });

  test.each([
    ['nothing', ''],
    ['half a line', 'g'],
  ])('goes when its channel ends after %s, as it does when the parent dies', async (_, half) => {
    const { child, channel, text } = start('echo', 'ran');
    channel.end(half);
    await once(child, 'close');
    expect({ code: child.exitCode, ...text }).toEqual({ code: 125, stdout: '', channel: '' });
  });

  test('of a parent that is killed in the middle of a placement goes too', async () => {
    const script =
      `const { spawn } = require('node:child_process');` +
      `const child = spawn(process.argv[1], ['-c', process.argv[2], 'wrapper', 'sleep', '60'], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], detached: true });` +
      `child.once('spawn', () => console.log(child.pid));`;
    const parent = spawn(process.execPath, ['-e', script, shell, WRAPPER], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(members(pid)).toEqual([pid]);
    parent.kill('SIGKILL');
    await expectGone(pid);
  });
});

describe('the parent’s half', () => {
  test('places, lets go with one line, and is done when the channel closes', async () => {
    const steps: string[] = [];
    const channel = played((text, wrapper) => {
      steps.push(JSON.stringify(text));
      wrapper.ends();
    });
    await handshake(channel, () => void steps.push('place'), 5000);
    expect(steps).toEqual(['place', '"\\n"']);
    expect(channel.destroyed).toBe(true);
  });

  test('never lets go a process that was not placed', async () => {
    const write = vi.fn();
    const channel = played(write);
    const failing = handshake(channel, () => Promise.reject(new Error('no room')), 5000);
    await expect(failing).rejects.toThrow('no room');
    expect(write).not.toHaveBeenCalled();
    expect(channel.destroyed).toBe(true);
  });

  test('does not wait for ever for a wrapper that never becomes the program', async () => {
    const channel = played(() => undefined);
    const hanging = handshake(channel, () => undefined, 20);
    await expect(hanging).rejects.toThrow('it was placed but did not become its program within 20 ms');
    expect(channel.destroyed).toBe(true);
  });

  test('tells what the wrapper says of its failure', async () => {
    const channel = played((_, wrapper) => {
      wrapper.says('126\n');
      setImmediate(wrapper.ends);
    });
    await expect(handshake(channel, () => undefined, 5000)).rejects.toThrow(ExecFailed);
  });

  test('a broken channel is a wrapper that has gone', async () => {
    const channel = played(() => undefined);
    const broken = handshake(channel, () => new Promise(() => undefined), 5000);
    channel.destroy(new Error('read ECONNRESET'));
    await expect(broken).rejects.toThrow('it ended before it was placed');
  });
});

test('without a placement there is no wrapper and no channel', async () => {
  const tree = await launch(sh('tr "\\0" " " < /proc/$$/cmdline; ls /proc/$$/fd').plan, 'payload.run');
  const { stdout } = await tree.ended;
  leave(tree);
  expect(stdout).toMatch(/^\/bin\/sh -c tr/);
  expect(stdout.split('\n')).not.toContain('straddle-placement');
});

test('placements at the same time do not meet', async () => {
  const places = Array.from({ length: 10 }, (_, i) => fakeCgroup(`group-${i}`));
  const results = await Promise.all(
    places.map(({ parent, name, procs }) => sh('cat "$1"; echo $$', procs).place({ parent, name }).run()),
  );
  for (const { stdout } of results) {
    const [placed, ran] = stdout.split('\n');
    expect(placed).toBe(ran);
  }
  expect(new Set(results.map(({ stdout }) => stdout)).size).toBe(10);
});
