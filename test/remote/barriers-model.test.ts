import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Remote, Token } from '../../src/remote/index.ts';
import { fixture, remote } from './built.ts';
import type { Counter } from './contracts.ts';

let child: Remote<Counter>;
beforeAll(async () => {
  child = await remote.fork<Counter>(fixture('counter.js'), {});
});
afterAll(() => child[Symbol.asyncDispose]());

interface Barrier {
  readonly key: number;
  readonly hits: number[];
  arrived: boolean;
  released: boolean;
}

/** What the registry must look like. */
interface Model {
  readonly barriers: Barrier[];
  /** Of each hit, whether it has passed. */
  readonly passed: boolean[];
}

/** What stands for it in the child. */
interface Real {
  readonly tokens: Token[];
  readonly passed: boolean[];
  readonly open: Promise<unknown>[];
}

/** After each command the same hits have passed in the child as in the model. */
abstract class Step implements fc.AsyncCommand<Model, Real> {
  /** How many barriers must have been installed. */
  protected readonly needs: number = 0;

  check(model: Readonly<Model>): boolean {
    return model.barriers.length >= this.needs;
  }
  async run(model: Model, real: Real): Promise<void> {
    await this.perform(model, real);
    // A round trip: whatever was let go has answered before.
    await child.calls.echo(0);
    expect(real.passed).toEqual(model.passed);
  }
  protected abstract perform(model: Model, real: Real): Promise<void>;
}

class Install extends Step {
  readonly #key: number;
  constructor(key: number) {
    super();
    this.#key = key;
  }
  protected override async perform(model: Model, real: Real): Promise<void> {
    model.barriers.push({ key: this.#key, hits: [], arrived: false, released: false });
    real.tokens.push(await child.barriers.install('add:read', this.#key));
  }
  override toString(): string {
    return `install(${this.#key})`;
  }
}

class Hit extends Step {
  readonly #key: number;
  constructor(key: number) {
    super();
    this.#key = key;
  }
  protected override async perform(model: Model, real: Real): Promise<void> {
    const hit = model.passed.length;
    // The newest barrier of the key, unless that one is released: an older one is not looked at again.
    const newest = model.barriers.findLast((one) => one.key === this.#key);
    const holds = newest?.released === false;
    model.passed.push(!holds);
    if (holds) {
      newest.arrived = true;
      newest.hits.push(hit);
    }
    real.passed.push(false);
    const passing = child.calls.add(1, this.#key).then(() => (real.passed[hit] = true));
    real.open.push(passing);
    if (!holds) await passing;
  }
  override toString(): string {
    return `hit(${this.#key})`;
  }
}

abstract class OfToken extends Step {
  readonly index: number;
  protected override readonly needs: number;
  constructor(index: number) {
    super();
    this.index = index;
    this.needs = index + 1;
  }
}

class Release extends OfToken {
  protected override async perform(model: Model, real: Real): Promise<void> {
    const barrier = model.barriers[this.index]!;
    const isLive = !barrier.released;
    barrier.released = true;
    for (const hit of barrier.hits) model.passed[hit] = true;
    expect(await child.barriers.release(real.tokens[this.index]!)).toBe(isLive);
  }
  override toString(): string {
    return `release(${this.index})`;
  }
}

class WaitHeld extends OfToken {
  protected override async perform(model: Model, real: Real): Promise<void> {
    const { arrived, released } = model.barriers[this.index]!;
    const controller = new AbortController();
    const waiting = child.barriers.waitHeld(real.tokens[this.index]!, controller.signal).then(
      () => 'held',
      (error: { kind: string }) => error.kind,
    );
    await child.calls.echo(0);
    controller.abort();
    expect(await waiting).toBe(arrived ? 'held' : released ? 'released-before-arrival' : 'aborted');
  }
  override toString(): string {
    return `waitHeld(${this.index})`;
  }
}

class ReleaseAll extends Step {
  protected override async perform(model: Model): Promise<void> {
    for (const barrier of model.barriers) {
      barrier.released = true;
      for (const hit of barrier.hits) model.passed[hit] = true;
    }
    await child.barriers.releaseAll();
  }
  override toString(): string {
    return 'releaseAll()';
  }
}

const key = fc.nat(1);
const index = fc.nat(4);
const commands = fc.commands<Model, Real, false>(
  [
    key.map((one) => new Install(one)),
    key.map((one) => new Hit(one)),
    index.map((one) => new Release(one)),
    index.map((one) => new WaitHeld(one)),
    fc.constant(new ReleaseAll()),
  ],
  { maxCommands: 20 },
);

test('the registry of a child does what its model does, whatever the order', async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (list) => {
      await child.lifecycle.bootstrap({});
      const real: Real = { tokens: [], passed: [], open: [] };
      await fc.asyncModelRun(() => ({ model: { barriers: [], passed: [] }, real }), list);
      await child.barriers.releaseAll();
      await Promise.all(real.open);
    }),
    { numRuns: process.env['STRADDLE_DEEP'] === '1' ? 2_000 : 60 },
  );
}, 300_000);
