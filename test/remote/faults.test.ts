import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { PassThrough, type Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Message } from 'vscode-jsonrpc/node';
import { liveHandles } from '../../src/payload/index.ts';
import { FrameReader } from '../../src/remote/frames.ts';
import { eventually, expectGone, isAlive } from '../payload/processes.ts';
import { built, fixture, fork, remote } from './built.ts';
import type { Counter } from './contracts.ts';

const deep = process.env['STRADDLE_DEEP'] === '1';
const LONG = 300_000;

interface Cut {
  readonly config: {
    readonly on: 'read' | 'write';
    readonly at: number;
    readonly how: 'close' | 'garbage';
    readonly bytes?: Uint8Array;
  };
  readonly state: string;
  readonly calls: { work(): string };
}

describe('a child that is killed at one of its points', () => {
  const act: Record<string, (child: Awaited<ReturnType<typeof remote.fork<Counter>>>) => Promise<unknown>> = {
    'add:read': (child) => child.calls.add(1),
    'loop:stop': (child) => child.serving.pause(),
    'loop:start': (child) => child.serving.pause().then(() => child.serving.resume()),
  };

  test.each(deep ? Object.keys(act) : Object.keys(act).slice(0, 2))(
    '%s: everybody who waits is told, nothing is left',
    async (name) => {
      const child = await remote.fork<Counter>(fixture('counter.js'), {});
      const grandchild = await child.calls.spawnChild();
      const token = await child.barriers.install(name);
      const never = await child.barriers.install('nobody comes here');
      const waiting = [act[name]!(child), child.calls.hang(), child.barriers.waitHeld(never)];
      const told = waiting.map((one) =>
        expect(one).rejects.toMatchObject({
          kind: 'child-exited',
          message: `remote child 'counter.js' (process ${child.pid}) was ended by SIGKILL.`,
        }),
      );
      await child.barriers.waitHeld(token);
      process.kill(child.pid, 'SIGKILL');
      await Promise.all(told);
      await child[Symbol.asyncDispose]();
      await expectGone(child.pid);
      expect(isAlive(grandchild)).toBe(false);
    },
  );

  test('at no point at all, while it computes', async () => {
    const child = await remote.fork<Counter>(fixture('counter.js'), {});
    const spinning = expect(child.calls.spin(60_000)).rejects.toMatchObject({ kind: 'child-exited' });
    process.kill(child.pid, 'SIGKILL');
    await spinning;
    await child[Symbol.asyncDispose]();
    await expectGone(child.pid);
  });
});

describe('a socket that is closed at the n-th message', () => {
  const MESSAGES = 7;
  const places = Array.from({ length: MESSAGES }, (_, at) => at).flatMap((at) =>
    (['write', 'read'] as const).map((on) => [on, at] as const),
  );

  /** Every kind of message once. What it rejects with, if it does. */
  async function session(config: Cut['config']): Promise<unknown> {
    let pid = 0;
    try {
      await using child = await remote.fork<Cut>(fixture('cut.js'), config);
      ({ pid } = child);
      const token = await child.barriers.install('work');
      const work = child.calls.work();
      // Whichever of the two comes first tells; nobody waits for the other one then.
      work.catch(() => undefined);
      await child.barriers.waitHeld(token);
      await child.barriers.release(token);
      await work;
      await child.serving.state();
    } catch (error) {
      return error;
    } finally {
      if (pid !== 0) await expectGone(pid);
    }
    return undefined;
  }

  test.each(deep ? places : places.filter((_, i) => i % 5 === 0))('%s %i', async (on, at) => {
    const error = await session({ on, at, how: 'close' });
    // The last thing that is written, or read, may be the goodbye.
    if (error !== undefined) expect(error).toMatchObject({ kind: 'child-exited' });
    else expect(at).toBeGreaterThanOrEqual(5);
    expect(liveHandles()).toEqual([]);
  });

  test('or that carries nonsense there', async () => {
    for (const at of deep ? [0, 1, 2, 3, 4, 5] : [2]) {
      const error = await session({ on: 'write', at, how: 'garbage', bytes: Buffer.from('HTTP/1.1 200 OK\r\n\r\n') });
      expect(error).toMatchObject({
        kind: 'remote-protocol',
        message: expect.stringMatching(
          /'cut\.js' \(process \d+\): .* what is no message: it began with "HTTP/,
        ) as string,
      });
    }
    expect(liveHandles()).toEqual([]);
  });

  test('or that carries half a message and nothing more: dispose ends the wait', async () => {
    const bytes = Buffer.from('Content-Length: 100\r\n\r\n{"jsonrpc"');
    const limits = { startMs: 20_000, graceMs: 200, exitMs: 200 };
    const child = await fork<Cut>(fixture('cut.js'), { on: 'write', at: 1, how: 'garbage', bytes }, {}, limits);
    const cutOff = child.serving.state();
    const told = expect(cutOff).rejects.toMatchObject({ kind: 'shutdown' });
    await expect(child[Symbol.asyncDispose]()).rejects.toMatchObject({ kind: 'remote-hung' });
    await told;
    await expectGone(child.pid);
  });
});

describe('nonsense that the child hears', () => {
  const main = fileURLToPath(built('src/remote/child/main.js'));

  async function say(bytes: Uint8Array, end: boolean): Promise<{ code: number | null; stderr: string }> {
    const child = spawn(process.execPath, [main], { stdio: ['ignore', 'ignore', 'pipe', 'pipe'], detached: true });
    let stderr = '';
    child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const socket = child.stdio[3] as Duplex;
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(bytes);
    if (end) socket.end();
    const [code] = (await once(child, 'close')) as [number | null];
    await expectGone(child.pid!);
    return { code, stderr };
  }

  test('ends it, with the reason', async () => {
    const { code, stderr } = await say(Buffer.from('Content-Length: 3\r\n\r\n[1]'), false);
    expect(code).toBe(70);
    expect(stderr).toBe('straddle: the other process sent what is no message: a message was no JSON-RPC 2.0: "[1]".\n');
  });

  test(
    'never hangs it, whatever the bytes',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 600 }), async (bytes) => {
          expect([0, 70]).toContain((await say(bytes, true)).code);
        }),
        { numRuns: deep ? 200 : 1 },
      );
    },
    LONG,
  );
});

describe('the reader of messages', () => {
  const frame = (message: object): Buffer => {
    const body = Buffer.from(JSON.stringify(message));
    return Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]);
  };
  const message = fc.oneof(
    fc.record({ jsonrpc: fc.constant('2.0'), id: fc.nat(), method: fc.string(), params: fc.array(fc.string()) }),
    fc.record({ jsonrpc: fc.constant('2.0'), method: fc.string() }),
    fc.record({ jsonrpc: fc.constant('2.0'), id: fc.nat(), result: fc.string({ unit: 'binary' }) }),
  );

  function read(chunks: readonly Uint8Array[]): { heard: Message[]; errors: Error[] } {
    const stream = new PassThrough();
    const heard: Message[] = [];
    const errors: Error[] = [];
    const reader = new FrameReader(stream);
    reader.onError((error) => errors.push(error));
    reader.listen((one) => heard.push(one));
    for (const chunk of chunks) stream.emit('data', Buffer.from(chunk));
    stream.emit('close');
    return { heard, errors };
  }

  /** The bytes, cut at the places. */
  function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
    const at = [...places.map((place) => place % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b);
    return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
  }

  test('delivers every message once and in order, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(message), fc.array(fc.nat()), (messages, places) => {
        const { heard, errors } = read(cut(Buffer.concat(messages.map(frame)), places));
        expect(heard).toEqual(messages);
        expect(errors).toEqual([]);
      }),
    );
  });

  test('delivers what came before the nonsense, complains once, and believes nothing after it', () => {
    const nonsense = fc.oneof(
      fc.uint8Array({ minLength: 1 }).filter((bytes) => bytes[0] !== 67 && bytes[0] !== 99),
      fc.constantFrom('\n', 'Content-Length: x\r\n\r\n', 'Content-Length: 99999999999\r\n\r\n', `C${'o'.repeat(300)}`),
      fc.constantFrom('Content-Length: 2\r\n\r\n{}', 'Content-Length: 4\r\n\r\nnull', 'Content-Length: 1\r\n\r\n{'),
      fc.constant('Content-Length: 40\r\n\r\n{"jsonrpc":"2.0","id":null,"method":"x"}'),
    );
    fc.assert(
      fc.property(fc.array(message), nonsense, fc.array(message), fc.array(fc.nat()), (before, bad, after, places) => {
        const bytes = [...before.map(frame), Buffer.from(bad as string), ...after.map(frame)];
        const { heard, errors } = read(cut(Buffer.concat(bytes), places));
        expect(heard.slice(0, before.length)).toEqual(before);
        expect(errors).toHaveLength(1);
        expect(errors[0]).toMatchObject({ kind: 'remote-protocol' });
      }),
    );
  });

  test('complains about an end in the middle of a message, wherever that is', () => {
    const bytes = frame({ jsonrpc: '2.0', method: 'é' });
    for (let end = 1; end < bytes.length; end++) {
      const { heard, errors } = read([bytes.subarray(0, end)]);
      expect([heard.length, errors.length]).toEqual([0, 1]);
    }
  });
});

describe('a test process that goes without a goodbye takes its children along', () => {
  const run = (how: string): ChildProcess =>
    spawn(process.execPath, [fixture('parent.js'), how], { stdio: ['ignore', 'pipe', 'pipe'] });

  async function pidsOf(parent: ChildProcess): Promise<[number, number]> {
    let said = '';
    parent.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await eventually(() => said.endsWith('\n'), 'it says who its child is');
    return JSON.parse(said) as [number, number];
  }

  const goings: [string, NodeJS.Signals | undefined][] = [
    ['killed', 'SIGKILL'],
    ['ended', 'SIGTERM'],
    ['throws', undefined],
    ['exits', undefined],
    ['ends', undefined],
  ];
  test.each(deep ? goings : goings.slice(0, 3))('%s', async (how, signal) => {
    const parent = run(how);
    let stderr = '';
    parent.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [child, grandchild] = await pidsOf(parent);
    if (signal !== undefined) parent.kill(signal);
    if (parent.exitCode === null && parent.signalCode === null) await once(parent, 'close');
    await expectGone(child);
    await eventually(() => !isAlive(grandchild), 'the grandchild is gone');
    if (signal !== 'SIGKILL') {
      expect(stderr).toContain(`payload 'remote child counter.js' (process ${child}) was still running at exit`);
    }
  });

  test('killed while the child starts', async () => {
    const parent = run('killed at the start');
    const children = (): number[] =>
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
        .filter((pid) => parentOf(pid) === parent.pid);
    await eventually(() => children().length === 1, 'the child starts');
    await sleep(deep ? 500 : 150);
    const [child] = children();
    parent.kill('SIGKILL');
    await once(parent, 'close');
    await expectGone(child!);
  });
});

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}
