import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareAndDelete } from '../../examples/barriers/c06-superseded-release.ts';
import { Registry, type Remove } from '../../examples/barriers/registry.ts';
import { C08 } from '../../examples/paging/c08-lock-across-drain.ts';
import { execute, type Operation } from '../../examples/paging/c39-mixed-operations.ts';
import { bothAtOnce, writing } from '../../examples/payload/c16-sequential-drain.ts';
import { VACUOUS_INITIAL } from '../../examples/process/c23-non-lifo-scope.ts';
import { C05, SLOW_NOT_HUNG } from '../../examples/supervisor/c05-unpublished-pid.ts';
import { explore, script } from '../../src/index.ts';

describe('C05', () => {
  test('a time-out of the kill hides the hang: slow, and green', async () => {
    expect((await explore(C05.buggy['one SIGINT: hang']!.body, { seed: 1 })).failure?.kind).toBe('deadlock');
    const slow = await explore(SLOW_NOT_HUNG, { seed: 1, runs: 300 });
    expect(slow.failure).toBeUndefined();
  });
});

describe('C06 against a model: sequences of install, release and hit', () => {
  /** Runs commands one after another and says where the registry and the model part. */
  async function difference(remove: Remove, commands: readonly Command[]): Promise<string | undefined> {
    const registry = new Registry(remove);
    const tokens: number[] = [];
    const live = new Set<number>();
    let current: number | undefined;
    for (const command of commands) {
      if (command.name === 'install') {
        current = registry.install('k');
        tokens.push(current);
        live.add(current);
      } else if (command.name === 'release') {
        const token = tokens[command.which % Math.max(1, tokens.length)] ?? 0;
        const was = await registry.release(token);
        if (was !== live.delete(token)) return `release(${token}) said ${was}`;
        if (current === token) current = undefined;
      } else {
        const expected = current !== undefined;
        let parked = false;
        void registry.hook('k').then((one) => (parked = one));
        const slot = current === undefined ? undefined : registry.tokens.get(current);
        await new Promise((resolve) => setImmediate(resolve));
        const isHeld = slot?.arrived.isOpen === true;
        if (isHeld !== expected) return expected ? 'a worker ran through a live barrier' : 'a worker was held by none';
        void parked;
      }
      if ([...live].join() !== [...registry.tokens.keys()].join()) return 'the tokens differ';
    }
    return undefined;
  }
  interface Command {
    readonly name: 'install' | 'release' | 'hit';
    readonly which: number;
  }
  const commands = fc.array(
    fc.record({ name: fc.constantFrom('install', 'release', 'hit'), which: fc.nat(3) }) as fc.Arbitrary<Command>,
    { maxLength: 8 },
  );

  test('compare and delete agrees', async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (list) => (await difference(compareAndDelete, list)) === undefined),
      { numRuns: 300, seed: 1 },
    );
  });

  test('unconditional deletion is found with a minimal sequence: three commands and a hit', async () => {
    const unconditional: Remove = ({ byKey }, _token, { key }) => void byKey.delete(key);
    const { failed, counterexample } = await fc.check(
      fc.asyncProperty(commands, async (list) => (await difference(unconditional, list)) === undefined),
      { numRuns: 2000, seed: 1 },
    );
    expect(failed).toBe(true);
    expect(counterexample![0].map(({ name }) => name)).toEqual(['install', 'install', 'release', 'hit']);
  });
});

test('C08: the hang is told as a circle of pause, worker and controller, with places', async () => {
  const { body, forced } = C08.buggy['drain under the lock']!;
  if (forced === undefined || !('script' in forced)) throw new Error('no script');
  const { failure } = await explore(body, { strategy: script(forced.script), seed: 1 });
  expect(failure?.kind).toBe('deadlock');
  const held = Object.fromEntries(failure!.waiting.map(({ task, on, heldBy }) => [task, [on, heldBy]]));
  expect(held).toMatchObject({
    pause: ['the drain', 'worker'],
    worker: ['the barrier', 'controller'],
    controller: ['the state mutex', 'pause'],
  });
  for (const { task, site } of failure!.waiting) {
    if (task !== 'main') expect(site).toMatch(/^examples\/paging\/c08-lock-across-drain\.ts:\d+:\d+$/);
  }
  expect(failure?.message).toMatch(/in a circle: .*pause \(the drain\) → worker/);
});

test('C16: both drains end for all sizes and capacities', async () => {
  const size = fc.nat(7);
  await fc.assert(
    fc.asyncProperty(size, size, fc.integer({ min: 1, max: 4 }), async (out, err, capacity) => {
      const report = await explore(writing(bothAtOnce, [out, err], capacity), { runs: 20, seed: 1, vacuity: 'off' });
      expect(report.failure).toBeUndefined();
    }),
    { numRuns: 25, seed: 1 },
  );
});

test('C23: where the initial disposition is the default, every order passes and nothing is shown', async () => {
  const report = await explore(VACUOUS_INITIAL, { seed: 1 });
  expect([report.verdict, report.exhaustive]).toEqual(['pass', true]);
});

test('C39: any list of operations keeps its invariants', async () => {
  const operation = fc.record({
    op: fc.constantFrom('read', 'write', 'remove', 'pause', 'resume', 'sleep'),
    async: fc.boolean(),
  }) as fc.Arbitrary<Operation>;
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 6 }), async (operations) => {
      // What is not asynchronous would wait for a resume that comes after it.
      const safe = operations.map((one) => ({ ...one, async: one.op !== 'pause' && one.op !== 'resume' }));
      const report = await explore(execute(safe), { runs: 20, seed: 1, vacuity: 'off' });
      expect(report.failure).toBeUndefined();
    }),
    { numRuns: 40, seed: 1 },
  );
});
