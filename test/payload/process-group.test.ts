import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from 'vitest';
import { payload } from '../../src/payload/index.ts';
import { killSurvivors, killTree } from '../../src/payload/process-group.ts';
import { eventually, expectGone, groupOf, isAlive, members, numberIn, scratch, sh } from './processes.ts';

/** Signals sent, in order. Probes (signal 0) are left out. */
function spyOnKills() {
  const spy = vi.spyOn(process, 'kill');
  return {
    sent: () => spy.mock.calls.filter(([, signal]) => signal !== 0),
    restore: () => {
      spy.mockRestore();
    },
  };
}

describe('a program in a group of its own', () => {
  test('leads it', async () => {
    const handle = await sh('sleep 60').spawn();
    expect(groupOf(handle.pid!)).toBe(handle.pid);
    expect(groupOf(handle.pid!)).not.toBe(groupOf(process.pid));
    await handle.kill();
  });

  test.each(['kill', 'dispose'] as const)('%s ends its descendants, once they exist', async (how) => {
    const file = join(scratch(), 'descendant');
    const handle = await sh('sleep 60 & echo $! > "$1"; exec sleep 60', file).spawn();
    const pid = handle.pid!;
    const descendant = await numberIn(file);
    await eventually(() => members(pid).length === 2, 'leader and descendant run');
    expect(members(pid)).toContain(descendant);
    if (how === 'kill') expect((await handle.kill()).exitCode).not.toBe(0);
    else await quietly(() => handle[Symbol.asyncDispose]());
    await expectGone(pid);
    expect(isAlive(descendant)).toBe(false);
  });

  test('kill right after the start ends whatever exists by then, and nothing comes later', async () => {
    for (let i = 0; i < 20; i++) {
      const handle = await sh('sleep 60 & exec sleep 60').spawn();
      const pid = handle.pid!;
      await handle.kill();
      await expectGone(pid);
    }
  });

  test('kill in the middle of a storm of forks leaves nobody', async () => {
    for (const waitFor of [1, 5, 20, 40]) {
      const handle = await sh('i=0; while [ $i -lt 60 ]; do sleep 60 & i=$((i+1)); done; wait').spawn();
      const pid = handle.pid!;
      await eventually(() => members(pid).length >= waitFor, `${waitFor} members`);
      await handle.kill();
      await expectGone(pid);
    }
  });
});

describe('a program that has exited while descendants hold its output', () => {
  const script = 'sleep 60 & echo $! > "$1"; echo said';
  const ways = {
    run: (file: string) => sh(script, file).run(),
    'run with a time-out': (file: string) => sh(script, file).timeout(30_000).run(),
    wait: async (file: string) => (await sh(script, file).spawn()).wait(),
    tryWait: async (file: string) => {
      const handle = await sh(script, file).spawn();
      for (;;) {
        const result = await handle.tryWait();
        if (result) return result;
      }
    },
  };

  test.each(Object.entries(ways))('%s ends with it, has all that it said, and ends them', async (_, way) => {
    const file = join(scratch(), 'descendant');
    const result = await way(file);
    expect(result).toMatchObject({ exitCode: 0, stdout: 'said\n', timedOut: false, heldOpen: [] });
    const descendant = await numberIn(file);
    await eventually(() => !isAlive(descendant), 'the descendant is gone');
  });

  test('descendants that go first change nothing', async () => {
    expect(await sh('true & wait; echo said').run()).toMatchObject({ exitCode: 0, stdout: 'said\n' });
  });
});

describe('a program in the group of its parent', () => {
  test('stays there, is killed alone, and its group gets no signal', async () => {
    const file = join(scratch(), 'descendant');
    const program = payload({
      binary: '/bin/sh',
      args: ['-c', 'sleep 60 >/dev/null 2>&1 & echo $! > "$1"; exec sleep 60', 'script', file],
      processGroup: 'parent',
    });
    const handle = await program.spawn();
    const pid = handle.pid!;
    expect(groupOf(pid)).toBe(groupOf(process.pid));
    const descendant = await numberIn(file);
    const kills = spyOnKills();
    expect((await handle.kill()).exitCode).toBe(-1);
    expect(kills.sent()).toEqual([[pid, 'SIGKILL']]);
    kills.restore();
    expect(isAlive(pid)).toBe(false);
    expect(isAlive(descendant)).toBe(true);
    process.kill(descendant, 'SIGKILL');
  });

  test('has the stdin of the parent; in a group of its own it has none', async () => {
    const stdin = (processGroup: 'own' | 'parent') =>
      payload({ binary: 'readlink', args: ['/proc/self/fd/0'], processGroup }).run();
    expect((await stdin('own')).stdout).toBe('/dev/null\n');
    const parent = spawnSync('readlink', ['/proc/self/fd/0'], { stdio: ['inherit', 'pipe', 'inherit'] });
    expect((await stdin('parent')).stdout).toBe(parent.stdout.toString());
  });
});

describe('signals go to the process they were meant for', () => {
  test('group first, then leader, while the leader has not been reaped', async () => {
    const handle = await sh('sleep 60').spawn();
    const pid = handle.pid!;
    const kills = spyOnKills();
    await handle.kill();
    expect(kills.sent().slice(0, 2)).toEqual([
      [-pid, 'SIGKILL'],
      [pid, 'SIGKILL'],
    ]);
    kills.restore();
  });

  test('the leader is reached when its group does not exist yet', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    expect(members(child.pid!)).toEqual([]);
    killTree(child.pid!, 'own');
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  });

  test('after its exit: none at all without descendants', async () => {
    const kills = spyOnKills();
    await sh('true').run();
    await (await sh('true').spawn()).wait();
    expect(kills.sent()).toEqual([]);
    kills.restore();
  });

  test('after its exit: only to the group, which a descendant keeps ours', async () => {
    const kills = spyOnKills();
    const handle = await sh('sleep 60 & exit 0').spawn();
    const pid = handle.pid!;
    await handle.wait();
    expect(kills.sent()).toEqual([[-pid, 'SIGKILL']]);
    kills.restore();
  });

  test.skipIf(!canForceNumbers())('a stranger who got the number of a reaped leader is not hit', async () => {
    const { pid } = spawnSync('true');
    const victim = await bearerOf(pid);
    expect(members(pid)).toEqual([pid]);
    killSurvivors(pid, 'own');
    expect(isAlive(pid)).toBe(true);
    // Proof that the victim was within reach.
    killTree(pid, 'own');
    expect(await once(victim, 'exit')).toEqual([null, 'SIGKILL']);
  });

  test.each([0, -1, 1, NaN, 1.5, undefined as never])('%s is never signalled', (pid) => {
    const kills = vi.spyOn(process, 'kill').mockReturnValue(true);
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    killTree(pid, 'own');
    killSurvivors(pid, 'own');
    expect(kills).not.toHaveBeenCalled();
    expect(warned.mock.calls[0]?.[0]).toContain(`the process number ${pid}, which must not be signalled`);
    vi.restoreAllMocks();
  });
});

describe('a signal that cannot be sent', () => {
  let warned: MockInstance<typeof process.emitWarning>;
  beforeEach(() => {
    warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  const failing = (code: string) =>
    vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error(`kill ${code}`), { code });
    });

  test('because nobody is there is no event', () => {
    failing('ESRCH');
    killTree(4_000_000, 'own');
    expect(warned).not.toHaveBeenCalled();
  });

  test('for another reason is warned of, not thrown', () => {
    failing('EPERM');
    killTree(4_000_000, 'own');
    expect(warned.mock.calls.map(([message]) => message)).toEqual([
      'the process group 4000000 of a payload was not killed: Error: kill EPERM.',
      'the process 4000000 of a payload was not killed: Error: kill EPERM.',
    ]);
  });
});

async function quietly(act: () => Promise<void>): Promise<void> {
  const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
  await act();
  warned.mockRestore();
}

const LAST_NUMBER = '/proc/sys/kernel/ns_last_pid';

function canForceNumbers(): boolean {
  try {
    accessSync(LAST_NUMBER, constants.W_OK);
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

/** A process with a given number. Others start processes too, so it may take several attempts. */
async function bearerOf(pid: number) {
  for (let attempt = 0; attempt < 50; attempt++) {
    writeFileSync(LAST_NUMBER, String(pid - 1));
    const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    if (child.pid === pid) return child;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  throw new Error(`the number ${pid} could not be had`);
}
