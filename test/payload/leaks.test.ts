import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, test, vi } from 'vitest';
import { liveHandles, payload } from '../../src/payload/index.ts';
import { compilePayload } from './compiled.ts';
import { eventually, expectGone, members, scratch, sh } from './processes.ts';

const quiet = () => vi.spyOn(process, 'emitWarning').mockReturnValue();
const openDescriptors = () => readdirSync('/proc/self/fd').length;

describe('the list of live payloads', () => {
  test('names who was started and not yet waited for, killed or disposed of', async () => {
    const slow = await payload({ name: 'slow', binary: 'sleep', args: ['60'] }).spawn();
    const fast = await payload({ name: 'fast', binary: 'true' }).spawn();
    await eventually(() => liveHandles().some(({ exited }) => exited), 'the fast one has ended');
    expect(liveHandles()).toEqual([
      { payload: 'slow', pid: slow.pid, exited: false },
      { payload: 'fast', pid: fast.pid, exited: true },
    ]);
    await fast.wait();
    expect(liveHandles().map(({ payload }) => payload)).toEqual(['slow']);
    await slow.kill();
    expect(liveHandles()).toEqual([]);
  });

  test('has a run while it lasts', async () => {
    const go = join(scratch(), 'go');
    const running = sh('while [ ! -e "$1" ]; do sleep 0.01; done', go).run();
    await eventually(() => liveHandles().length === 1, 'it runs');
    writeFileSync(go, '');
    await running;
    expect(liveHandles()).toEqual([]);
  });
});

describe('what is put into the process while payloads live', () => {
  const events = ['exit', 'SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
  const installed = () => events.map((event) => process.listeners(event as NodeJS.Signals).length);
  const before = installed();
  const during = before.map((count) => count + 1);

  test.each([
    ['in reverse', [2, 1, 0]],
    ['in order', [0, 1, 2]],
    ['in the middle first', [1, 2, 0]],
  ])('is there once, and gone after the last of them, ended %s', async (_, order) => {
    expect(installed()).toEqual(before);
    const handles = await Promise.all([0, 1, 2].map(() => sh('sleep 60').spawn()));
    for (const i of order) {
      expect(installed()).toEqual(during);
      await handles[i]!.kill();
    }
    expect(installed()).toEqual(before);
  });

  test('is gone after a dispose, and after a start that failed', async () => {
    const warned = quiet();
    const handle = await sh('sleep 60').spawn();
    expect(installed()).toEqual(during);
    await handle[Symbol.asyncDispose]();
    warned.mockRestore();
    expect(installed()).toEqual(before);
    await expect(payload('/no/such/binary').run()).rejects.toThrow();
    await expect(
      sh('')
        .place(() => Promise.reject(new Error('no')))
        .run(),
    ).rejects.toThrow();
    expect(installed()).toEqual(before);
  });
});

describe('nothing is left behind', () => {
  test.skipIf(!existsSync('/proc/self/fd'))('200 starts and stops: no process, no descriptor', async () => {
    const warned = quiet();
    await sh('true').run();
    const descriptors = openDescriptors();
    const pids: number[] = [];
    const note = (pid: number) => void pids.push(pid);
    const spawned = async (script: string) => {
      const handle = await sh(script).spawn();
      note(handle.pid!);
      return handle;
    };
    const refuse = (pid: number) => {
      note(pid);
      throw new Error('no');
    };
    const ways: (() => Promise<unknown>)[] = [
      async () => (await spawned('sleep 60 & true')).wait(),
      async () => (await spawned('sleep 60 & sleep 60')).kill(),
      async () => (await spawned('sleep 60 & sleep 60'))[Symbol.asyncDispose](),
      async () => {
        const handle = await spawned('sleep 60 & true');
        while (!(await handle.tryWait()));
      },
      () => sh('sleep 60 & sleep 60').timeout(1).run(),
      () => sh('true').timeout(60_000).run(),
      () => sh('sleep 60 &').place(note).run(),
      () => expect(sh('true').place(refuse).run()).rejects.toThrow('no'),
      () => expect(payload('/no/such/binary').run()).rejects.toThrow('no file'),
    ];
    for (let i = 0; i < 200; i++) await ways[i % ways.length]!();
    warned.mockRestore();
    expect(liveHandles()).toEqual([]);
    await expectGone(...pids);
    await eventually(() => openDescriptors() <= descriptors, 'all descriptors are closed');
  });

  test('50 at once', async () => {
    const descriptors = openDescriptors();
    const handles = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        sh(i % 2 ? 'sleep 60 & sleep 60' : `sleep 60 & echo ${i}; exit ${i}`).spawn(),
      ),
    );
    const pids = handles.map(({ pid }) => pid!);
    expect(liveHandles()).toHaveLength(50);
    const results = await Promise.all(handles.map((handle, i) => (i % 2 ? handle.kill() : handle.wait())));
    for (const [i, { exitCode, stdout }] of results.entries()) {
      expect([exitCode, stdout]).toEqual(i % 2 ? [-1, ''] : [i, `${i}\n`]);
    }
    expect(liveHandles()).toEqual([]);
    await expectGone(...pids);
    await eventually(() => openDescriptors() <= descriptors, 'all descriptors are closed');
  });
});

test('threads of one process run payloads at the same time; each has the true exit codes', async () => {
  const thread = compilePayload().module(`
    import { parentPort } from 'node:worker_threads';
    import { payload } from 'straddle/payload';
    const codes = await Promise.all([0, 1, 7].map((code) => payload('sh').args(['-c', 'exit ' + code]).run()));
    parentPort.postMessage(codes.map(({ exitCode }) => exitCode));
  `);
  const here = sh('exit 5').run();
  const answers = await Promise.all([0, 1].map(() => once(new Worker(thread), 'message')));
  expect(answers).toEqual([[[0, 1, 7]], [[0, 1, 7]]]);
  expect((await here).exitCode).toBe(5);
});

describe('the process that started a payload', () => {
  const compiled = compilePayload();
  const script = (then: string) =>
    compiled.module(`
      import { payload } from 'straddle/payload';
      const handle = await payload({ name: 'orphan', binary: '/bin/sh', args: ['-c', 'sleep 60 & sleep 60'] }).spawn();
      process.stdout.write(handle.pid + '\\n');
      ${then}
    `);

  async function started(then: string, shell?: string) {
    const path = script(then);
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    const parent = shell
      ? spawn('/bin/sh', ['-c', `${shell}; exec "$@"`, 'sh', process.execPath, path], { stdio: [...stdio] })
      : spawn(process.execPath, [path], { stdio: [...stdio] });
    let stdout = '';
    let stderr = '';
    parent.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    parent.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    await eventually(() => stdout.includes('\n'), 'the payload runs');
    const pid = Number(stdout.split('\n')[0]);
    return { parent, pid, stdout: () => stdout, stderr: () => stderr };
  }
  const leaked = (pid: number) =>
    `straddle: payload 'orphan' (process ${pid}) was still running at exit; it was killed.\n`;

  test('is held up by no timer once they have ended', async () => {
    const { parent, stdout } = await started(
      `await handle.kill();
       const sh = (script) => payload('sh').args(['-c', script]);
       await sh('true').timeout(60_000).run();
       await sh('sleep 60').timeout(1).run();
       await sh('true').place(() => undefined).run();
       await sh('true').place(() => Promise.reject(new Error('no'))).run().catch(() => undefined);
       await (await sh('sleep 60 &').spawn()).wait();
       await payload('/no/such/binary').run().catch(() => undefined);
       console.log(JSON.stringify(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')));`,
    );
    await once(parent, 'close');
    expect(stdout().split('\n')[1]).toBe('[]');
  });

  test('names and kills what is left when it exits', async () => {
    const { parent, pid, stderr } = await started('process.exit(3);');
    await once(parent, 'close');
    expect([parent.exitCode, stderr()]).toEqual([3, leaked(pid)]);
    await expectGone(pid);
  });

  test('and names who had ended, but was never asked for a result', async () => {
    const { parent, pid, stderr } = await started(
      `const { liveHandles } = await import('straddle/payload');
       process.kill(-handle.pid, 'SIGKILL');
       while (!liveHandles()[0].exited) await new Promise(setImmediate);`,
    );
    await once(parent, 'close');
    const what = 'had ended, but nobody asked for its result';
    expect([parent.exitCode, stderr()]).toEqual([0, `straddle: payload 'orphan' (process ${pid}) ${what}.\n`]);
  });

  test('and when it dies of an error', async () => {
    const { parent, pid, stderr } = await started("throw new Error('broken test');");
    await once(parent, 'close');
    expect(parent.exitCode).toBe(1);
    expect(stderr()).toContain('broken test');
    expect(stderr()).toContain(leaked(pid));
    await expectGone(pid);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)(
    'and dies of %s as it would have without',
    async (signal) => {
      const { parent, pid, stderr } = await started('');
      expect(members(pid).length).toBeGreaterThan(0);
      parent.kill(signal);
      await once(parent, 'close');
      expect([parent.signalCode, stderr()]).toEqual([signal, leaked(pid)]);
      await expectGone(pid);
    },
  );

  test('leaves a signal to a host that has its own idea of it', async () => {
    const { parent, pid, stdout } = await started(
      `process.on('SIGINT', () => { void handle.kill().then(({ signal }) => { console.log('own', signal); }); });`,
    );
    parent.kill('SIGINT');
    await once(parent, 'close');
    expect(parent.exitCode).toBe(0);
    expect(stdout()).toContain('own SIGKILL');
    await expectGone(pid);
  });

  test('two copies of the runner in one process do not hold a signal up between them', async () => {
    const other = compilePayload().module(`
      import { payload } from 'straddle/payload';
      export const handle = await payload({ name: 'orphan', binary: 'sleep', args: ['60'] }).spawn();
    `);
    const { parent, pid, stdout } = await started(
      `const other = await import(${JSON.stringify(other)}); console.log(other.handle.pid); console.log('both');`,
    );
    await eventually(() => stdout().includes('both'), 'both run');
    parent.kill('SIGTERM');
    await once(parent, 'close');
    expect(parent.signalCode).toBe('SIGTERM');
    await expectGone(pid);
    await expectGone(Number(stdout().split('\n')[1]));
  });

  test('may have been started with dead children ignored: exit codes are the true ones', async () => {
    const { parent, stdout } = await started(
      `await handle.kill();
       const { exitCode } = await payload({ binary: '/bin/sh', args: ['-c', 'exit 7'] }).run();
       const own = await payload({ binary: '/bin/sh', args: ['-c', 'true & wait $!; echo $?; trap'] }).run();
       console.log(JSON.stringify([exitCode, own.stdout]));`,
      "trap '' CHLD",
    );
    await once(parent, 'close');
    expect(stdout().split('\n')[1]).toBe(JSON.stringify([7, '0\n']));
  });
});
