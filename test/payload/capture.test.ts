import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from 'vitest';
import { Capture } from '../../src/payload/capture.ts';
import { exitCodeEq, liveHandles, type PayloadResult } from '../../src/payload/index.ts';
import { launch } from '../../src/payload/launch.ts';
import { LIMITS, type Limits } from '../../src/payload/limits.ts';
import { enter, leave } from '../../src/payload/live.ts';
import { PayloadHandle } from '../../src/payload/handle.ts';
import { Tree, type Output } from '../../src/payload/tree.ts';
import { expectGone, isAlive, numberIn, scratch, sh } from './processes.ts';

const CAP = 16 * 1024 * 1024;

let warned: MockInstance<typeof process.emitWarning>;
beforeEach(() => {
  warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
});
afterEach(() => {
  vi.restoreAllMocks();
});
const warnings = () => warned.mock.calls.map(([message]) => message);

async function outcome(script: string, limits: Partial<Limits>, ...args: string[]): Promise<Output> {
  const tree = await launch(sh(script, ...args).plan, 'payload.run', { ...LIMITS, ...limits });
  try {
    return await tree.ended;
  } finally {
    leave(tree);
  }
}

describe('more than a pipe holds', () => {
  // Stdout and stderr of different sizes, so a mix-up would show.
  const fill = (out: number, err: number) =>
    sh(`head -c ${out} /dev/zero; head -c ${err} /dev/zero >&2`).check(exitCodeEq(0));
  const ways: Record<string, (run: ReturnType<typeof sh>) => Promise<PayloadResult>> = {
    run: (run) => run.run(),
    'run with a time-out': (run) => run.timeout(30_000).run(),
    wait: async (run) => (await run.spawn()).wait(),
    tryWait: async (run) => {
      const handle = await run.spawn();
      for (;;) {
        const result = await handle.tryWait();
        if (result) return result;
      }
    },
  };
  const sizes = [
    [65_536, 0],
    [65_537, 0],
    [0, 300_000],
    [1_000_000, 300_000],
  ] as const;

  test.each(Object.keys(ways).flatMap((way) => sizes.map(([out, err]) => [way, out, err] as const)))(
    '%s: %i bytes on stdout, %i on stderr',
    async (way, out, err) => {
      const result = await ways[way]!(fill(out, err));
      expect(result).toMatchObject({ pass: true, timedOut: false, truncated: [] });
      expect([result.stdout.length, result.stderr.length]).toEqual([out, err]);
    },
  );

  test('kill gives what was written until then, beyond what a pipe holds', async () => {
    const file = join(scratch(), 'written');
    const handle = await sh('head -c 1000000 /dev/zero; echo $$ > "$1"; exec sleep 60', file).spawn();
    await numberIn(file);
    expect((await handle.kill()).stdout).toHaveLength(1_000_000);
  });

  test('in any order and pieces, both streams arrive whole', async () => {
    const write = fc.tuple(fc.constantFrom('', '>&2'), fc.integer({ min: 1, max: 200_000 }));
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 5 }), async (writes) => {
        const script = writes.map(([to, bytes]) => `head -c ${bytes} /dev/zero ${to}`).join('; ') || 'true';
        const { stdout, stderr } = await sh(script).run();
        const total = (to: string) => writes.reduce((sum, [where, bytes]) => sum + (where === to ? bytes : 0), 0);
        expect([stdout.length, stderr.length]).toEqual([total(''), total('>&2')]);
      }),
      { numRuns: 15 },
    );
  });
});

describe('the cap', () => {
  test('is 16 MiB; exactly that much is not cut', async () => {
    expect(LIMITS.captureBytes).toBe(CAP);
    const result = await sh(`head -c ${CAP} /dev/zero`).run();
    expect(result.truncated).toEqual([]);
    expect(result.stdout).toHaveLength(CAP);
    expect(warnings()).toEqual([]);
  });

  test('one byte more is cut and said; the program notices nothing', async () => {
    const result = await sh(`head -c ${CAP + 1} /dev/zero >&2; echo end; exit 7`)
      .check(exitCodeEq(7))
      .run();
    expect(result).toMatchObject({ pass: true, exitCode: 7, signal: null, truncated: ['stderr'], stdout: 'end\n' });
    expect(result.stderr).toHaveLength(CAP);
    expect(warned.mock.calls).toEqual([
      [
        "payload 'script': its stderr exceeded 16777216 bytes; the rest is discarded.",
        { type: 'StraddleWarning', code: 'STRADDLE_PAYLOAD_TRUNCATED' },
      ],
    ]);
  });

  test('much more, on both streams, is read to the end and said once for each', async () => {
    const output = await outcome('head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; exit 7', {
      captureBytes: 1000,
    });
    expect(output).toMatchObject({ exitCode: 7, signal: null, truncated: ['stdout', 'stderr'] });
    expect([output.stdout.length, output.stderr.length]).toEqual([1000, 1000]);
    expect(warnings()).toHaveLength(2);
  });

  test('cuts bytes, whatever the pieces; a character cut in two becomes U+FFFD', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 9 })), fc.nat(40), async (pieces, cap) => {
        const stream = new PassThrough();
        const capture = new Capture(stream, 'stdout', 'tool', cap);
        for (const piece of pieces) if (piece.length > 0) stream.write(piece);
        stream.end();
        await capture.closed;
        const all = Buffer.concat(pieces);
        expect(capture.text()).toBe(all.subarray(0, cap).toString('utf8'));
        expect(capture.truncated).toBe(all.length > cap);
        expect(capture.heldOpen).toBe(false);
      }),
    );
    const cut = await outcome("printf 'aé'", { captureBytes: 2 });
    expect(cut.stdout).toBe('a\uFFFD');
  });
});

describe('a process that left the group and holds the output open', () => {
  test('is waited for only so long; what was said is there, and who held it is said', async () => {
    const file = join(scratch(), 'escaped');
    const script =
      'setsid sh -c \'echo $$ > "$1"; exec sleep 60\' script "$1" & while [ ! -s "$1" ]; do :; done; echo said';
    const output = await outcome(script, { drainMs: 50 }, file);
    expect(output).toMatchObject({ exitCode: 0, stdout: 'said\n', heldOpen: ['stdout', 'stderr'] });
    const escaped = await numberIn(file);
    expect(isAlive(escaped)).toBe(true);
    process.kill(escaped, 'SIGKILL');
  });
});

describe('a reader that fails', () => {
  test.each([['stdout'], ['stderr'], ['stdout', 'stderr']] as const)(
    '%s %s: the program is ended, the cause is told',
    async (...names) => {
      const child = spawn('/bin/sh', ['-c', 'sleep 60 & sleep 60'], { detached: true });
      await once(child, 'spawn');
      const tree = new Tree(child, 'script', 'own', LIMITS);
      const broken = new Error('read EIO');
      for (const name of names) child[name].destroy(broken);
      await expect(tree.ended).rejects.toMatchObject({
        kind: 'payload-output',
        message: `payload 'script' (process ${tree.pid}): its output could not be read.`,
        cause: broken,
      });
      await expectGone(tree.pid);
      expect([child.stdout.destroyed, child.stderr.destroyed]).toEqual([true, true]);
    },
  );

  test('after a time-out: the message says that too', async () => {
    const child = spawn('/bin/sh', ['-c', 'sleep 60'], { detached: true });
    await once(child, 'spawn');
    const tree = new Tree(child, 'script', 'own', LIMITS);
    tree.killAfter(10);
    const kill = process.kill.bind(process);
    vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
      child.stdout.destroy(new Error('read EIO'));
      return kill(pid, signal);
    });
    await expect(tree.ended).rejects.toThrow('after its time-out of 10 ms: its output could not be read.');
  });

  test('wait rejects with it, and the handle is no longer live', async () => {
    const handle = new PayloadHandle(sh('').plan, await broken());
    await expect(handle.wait()).rejects.toMatchObject({ kind: 'payload-output' });
    expect(liveHandles()).toEqual([]);
    await handle[Symbol.asyncDispose]();
  });

  async function broken(): Promise<Tree> {
    const child = spawn('sleep', ['60'], { detached: true });
    await once(child, 'spawn');
    const tree = new Tree(child, 'script', 'own', LIMITS);
    enter(tree);
    child.stdout.destroy(new Error('read EIO'));
    return tree;
  }
});
