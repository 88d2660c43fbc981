import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isErrno } from '../../examples/os/errno.ts';
import { Os } from '../../examples/os/os.ts';
import type { Thread } from '../../examples/os/thread.ts';
import { explore } from '../../src/index.ts';

/*
 * The simulated operating system against the kernel that this test runs on, where Node can show it. Both sides do the
 * same; what is compared is what a program sees.
 */

/** One run in natural order of a first process. */
async function simulated<T>(program: (thread: Thread, os: Os) => Promise<T>, capacity?: number): Promise<T> {
  let result!: { value: T };
  const { failure } = await explore(
    async (sim) => {
      const os = new Os(sim, capacity === undefined ? {} : { pipeCapacity: capacity });
      await os.drive(os.boot('first'), async (thread) => {
        result = { value: await program(thread, os) };
        os.halt();
      });
    },
    { strategy: 'natural', vacuity: 'off', seed: 1 },
  );
  expect(failure).toBeUndefined();
  return result.value;
}

const exited = (child: ChildProcess): Promise<unknown[]> =>
  new Promise((resolve) => child.once('exit', (code, signal) => resolve([code, signal])));
const closed = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once('close', resolve));

function probe(pid: number): string {
  try {
    process.kill(pid, 0);
    return 'there';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code!;
  }
}

test('the lowest free descriptor is given out again', async () => {
  const real = [openSync('/dev/null', 'r'), openSync('/dev/null', 'r'), openSync('/dev/null', 'r')];
  closeSync(real[1]!);
  const again = openSync('/dev/null', 'r');
  for (const fd of [real[0]!, again, real[2]!]) closeSync(fd);
  expect(real.indexOf(again)).toBe(1);

  const model = await simulated(async (thread) => {
    const [read, write] = await thread.pipe();
    const copy = await thread.dup(read);
    await thread.close(write);
    return [read, write, copy].indexOf(await thread.dup(read));
  });
  expect(model).toBe(1);
});

describe('pipes', () => {
  test('end of file comes when the last writer is gone, and what was written before it is kept', async () => {
    const child = spawn('cat', { stdio: ['pipe', 'pipe', 'inherit'] });
    let real = '';
    child.stdout.on('data', (chunk: Buffer) => (real += chunk.toString()));
    child.stdin.end('ab');
    await closed(child);

    const model = await simulated(async (thread) => {
      const [inRead, inWrite] = await thread.pipe();
      const [outRead, outWrite] = await thread.pipe();
      const pid = await thread.fork('cat', async (cat) => {
        await cat.close(inWrite);
        for (let chunk = await cat.read(inRead); chunk !== ''; chunk = await cat.read(inRead)) {
          await cat.write(outWrite, chunk);
        }
      });
      await thread.close(outWrite);
      await thread.write(inWrite, 'ab');
      await thread.close(inWrite);
      let text = '';
      for (let chunk = await thread.read(outRead); chunk !== ''; chunk = await thread.read(outRead)) text += chunk;
      await thread.wait(pid);
      return text;
    });
    expect([real, model]).toEqual(['ab', 'ab']);
  });

  test('a write without a reader fails with EPIPE where SIGPIPE is ignored, as Node does', async () => {
    const child = spawn('sh', ['-c', 'exec <&-; echo up; exec sleep 60'], { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const failed = new Promise<string>((resolve) => {
      child.stdin.once('error', (error: NodeJS.ErrnoException) => resolve(error.code!));
    });
    child.stdin.write('late');
    const real = await failed;
    child.kill('SIGKILL');

    const model = await simulated(async (thread) => {
      await thread.sigaction('SIGPIPE', 'ignore');
      const [read, write] = await thread.pipe();
      const pid = await thread.fork('true', async () => undefined);
      await thread.close(read);
      await thread.wait(pid);
      return thread.write(write, 'late').then(
        () => 'written',
        (error: unknown) => (isErrno(error, 'EPIPE') ? 'EPIPE' : String(error)),
      );
    });
    expect([real, model]).toEqual(['EPIPE', 'EPIPE']);
  });

  test('and is the death of a program that does not ignore it', async () => {
    // Node's own pipes are sockets; a shell's are pipes. 128 and the number of SIGPIPE, 13.
    const child = spawn('sh', ['-c', '{ yes; echo $? >&2; } | head -c 1'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let real = '';
    child.stderr.on('data', (chunk: Buffer) => (real += chunk.toString()));
    await closed(child);

    const model = await simulated(async (thread) => {
      const [read, write] = await thread.pipe();
      const pid = await thread.fork('yes', async (yes) => {
        await yes.close(read);
        for (;;) await yes.write(write, 'y');
      });
      await thread.close(write);
      await thread.read(read);
      await thread.close(read);
      const { code, signal } = await thread.wait(pid);
      return [code, signal];
    }, 4);
    expect(real.trim()).toBe('141');
    expect(model).toEqual([null, 'SIGPIPE']);
  });

  test('a full pipe keeps a program from exiting until somebody reads', async () => {
    // More than any kernel's buffers hold.
    const child = spawn('sh', ['-c', 'head -c 20000000 /dev/zero'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const end = exited(child);
    const first = await Promise.race([end.then(() => 'exit'), new Promise((r) => setTimeout(r, 200, 'blocked'))]);
    child.stdout.resume();
    const real = [first, ...(await end)];

    const model = await simulated(async (thread, os) => {
      const [read, write] = await thread.pipe();
      const pid = await thread.fork('head', (head) => head.write(write, 'x'.repeat(9)));
      await thread.close(write);
      await thread.sleep(200);
      const state = os.find(pid)!.isAlive ? 'blocked' : 'exit';
      while ((await thread.read(read)) !== '');
      const { code, signal } = await thread.wait(pid);
      return [state, code, signal];
    }, 4);
    expect(real).toEqual(['blocked', 0, null]);
    expect(model).toEqual(real);
  });
});

describe('processes', () => {
  test('exit comes before close where a descendant holds the pipe', async () => {
    const child = spawn('sh', ['-c', 'sleep 0.3 & exit 4'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const real: string[] = [];
    child.stdout.resume();
    child.once('exit', (code) => real.push(`exit ${code}`));
    child.once('close', () => real.push('close'));
    await closed(child);

    const model = await simulated(async (thread) => {
      const events: string[] = [];
      const [read, write] = await thread.pipe();
      const pid = await thread.fork('sh', async (sh) => {
        await sh.close(read);
        await sh.fork('sleep', (sleep) => sleep.sleep(300).then(() => undefined));
        return 4;
      });
      await thread.close(write);
      const { code } = await thread.wait(pid);
      events.push(`exit ${code}`);
      while ((await thread.read(read)) !== '');
      events.push('close');
      return events;
    });
    expect(real).toEqual(['exit 4', 'close']);
    expect(model).toEqual(real);
  });

  test('a group kill ends leader and descendant, and the end of file comes', async () => {
    const child = spawn('sh', ['-c', 'sleep 60 & echo up; exec sleep 60'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const ends = Promise.all([exited(child), closed(child)]);
    process.kill(-child.pid!, 'SIGKILL');
    const [real] = await ends;

    const model = await simulated(async (thread) => {
      const [read, write] = await thread.pipe();
      const pid = await thread.fork('sh', async (sh) => {
        await sh.setsid();
        await sh.fork('sleep', (sleep) => sleep.pause());
        await sh.write(write, 'up');
        await sh.pause();
      });
      await thread.close(write);
      await thread.read(read);
      await thread.kill(-pid, 'SIGKILL');
      while ((await thread.read(read)) !== '');
      const { code, signal } = await thread.wait(pid);
      return [code, signal];
    });
    expect(real).toEqual([null, 'SIGKILL']);
    expect(model).toEqual(real);
  });

  test('a signal to nobody is ESRCH, to a process and to a group', async () => {
    const child = spawn('true', { detached: true, stdio: 'ignore' });
    const pid = child.pid!;
    await exited(child);
    const real = [probe(pid), probe(-pid)];

    const model = await simulated(async (thread) => {
      const gone = await thread.fork('true', async (own) => own.setsid());
      await thread.wait(gone);
      const tell = (target: number): Promise<string> =>
        thread.kill(target, 0).then(
          () => 'there',
          (error: unknown) => (isErrno(error, 'ESRCH') ? 'ESRCH' : String(error)),
        );
      return [await tell(gone), await tell(-gone)];
    });
    expect(real).toEqual(['ESRCH', 'ESRCH']);
    expect(model).toEqual(real);
  });

  test.each([
    ['handled', "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done", [5, null]],
    ['by default', 'echo up; exec sleep 60', [null, 'SIGTERM']],
  ] as const)('SIGTERM %s', async (how, script, expected) => {
    const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const ended = exited(child);
    child.kill('SIGTERM');
    expect(await ended).toEqual(expected);

    const model = await simulated(async (thread) => {
      const [read, write] = await thread.pipe();
      const pid = await thread.fork('sh', async (sh) => {
        if (how === 'handled') await sh.sigaction('SIGTERM', { run: () => undefined });
        await sh.write(write, 'up');
        await sh.pause();
        return 5;
      });
      await thread.read(read);
      await thread.kill(pid, 'SIGTERM');
      const { code, signal } = await thread.wait(pid);
      return [code, signal];
    });
    expect(model).toEqual(expected);
  });
});

describe('what Node cannot show', () => {
  test('a number stays taken while a group is called so, and is given out again after that', async () => {
    const numbers = await simulated(async (thread, os) => {
      const pid = await thread.fork('leader', async (leader) => {
        await leader.setpgid();
        await leader.fork('descendant', (own) => own.pause());
      });
      await thread.wait(pid);
      os.nextPid = pid;
      const taken = os.boot('second').pid;
      await thread.kill(-pid, 'SIGKILL');
      os.nextPid = pid;
      return [taken - pid > 0, os.boot('third').pid - pid];
    });
    expect(numbers).toEqual([true, 0]);
  });

  test('a child of who ignores SIGCHLD is reaped by the kernel; an orphan by init', async () => {
    const seen = await simulated(async (thread, os) => {
      await thread.sigaction('SIGCHLD', 'ignore');
      const pid = await thread.fork('child', (child) =>
        child.fork('orphan', (orphan) => orphan.at('works')).then(() => 0),
      );
      const failed = await thread.wait(pid).catch((error: unknown) => isErrno(error, 'ECHILD'));
      await thread.sleep(1);
      return [failed, os.alive.length];
    });
    expect(seen).toEqual([true, 1]);
  });

  test('signals: blocked and pending, once, kept or reset by exec', async () => {
    const seen = await simulated(async (thread) => {
      const got: string[] = [];
      await thread.sigaction('SIGUSR1', { run: () => got.push('handled'), once: true, restart: true });
      await thread.block('SIGUSR1');
      await thread.kill(thread.pid, 'SIGUSR1');
      got.push('blocked');
      await thread.unblock('SIGUSR1');
      got.push(String(await thread.sigaction('SIGUSR1', 'ignore')));
      await thread.sigaction('SIGHUP', { run: () => undefined });
      await thread.exec();
      got.push(
        String(await thread.sigaction('SIGUSR1', 'default')),
        String(await thread.sigaction('SIGHUP', 'default')),
      );
      return got;
    });
    expect(seen).toEqual(['blocked', 'handled', 'default', 'ignore', 'default']);
  });

  test('close-on-exec, an interrupted call, and a placement that fails', async () => {
    const seen = await simulated(async (thread, os) => {
      const [read] = await thread.pipe();
      const [kept] = await thread.pipe(false);
      await thread.sigaction('SIGUSR1', { run: () => undefined });
      const other = os.thread(thread.process, 'other', (own) => own.kill(thread.pid, 'SIGUSR1'));
      const interrupted = await thread.poll(kept, 1000).catch((error: unknown) => isErrno(error, 'EINTR'));
      await other;
      await thread.exec();
      os.placementFails = true;
      const placed = await thread.place(thread.pid).catch((error: unknown) => isErrno(error, 'EIO'));
      const { descriptors } = thread.process;
      return [interrupted, descriptors.has(read), descriptors.has(kept), placed];
    });
    expect(seen).toEqual([true, false, true, true]);
  });
});
