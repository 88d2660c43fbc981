import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CheckError } from '../../../src/fast-check.ts';
import { interleavedModelRun, interleavings } from '../../../src/fast-check.ts';
import { check, point } from '../../../src/index.ts';

/** A stock that gives out what it has; the broken one looks first and takes later. */
class Stock {
  left = 2;
  readonly #isBroken: boolean;

  constructor(isBroken: boolean) {
    this.#isBroken = isBroken;
  }

  async take(): Promise<boolean> {
    if (this.#isBroken) {
      const { left } = this;
      await point('looked');
      if (left === 0) return false;
      this.left--;
      return true;
    }
    await point('asked');
    if (this.left === 0) return false;
    this.left--;
    return true;
  }
}

interface Model {
  left: number;
}

class Take implements fc.AsyncCommand<Model, Stock> {
  check(): boolean {
    return true;
  }
  async run(model: Model, stock: Stock): Promise<void> {
    if (await stock.take()) model.left--;
    if (model.left < 0) throw new Error('more was given than there was');
  }
  toString(): string {
    return 'take';
  }
}

class Look implements fc.AsyncCommand<Model, Stock> {
  check({ left }: Model): boolean {
    return left > 0;
  }
  async run(_model: Model, stock: Stock): Promise<void> {
    await point('look');
    if (stock.left > 2) throw new Error('there is more than ever');
  }
  toString(): string {
    return 'look';
  }
}

const commands = fc.commands([fc.constant(new Take()), fc.constant(new Look())], { maxCommands: 8 });
const model = (): Model => ({ left: 2 });

describe('commands run as concurrent tasks', () => {
  test('under the plugin: the broken stock fails with three takes, and nothing else', async () => {
    for (let seed = 0; seed < 3; seed++) {
      const details = await fc.check(
        fc.asyncProperty(commands, (list) => interleavedModelRun(model(), new Stock(true), list)),
        { seed, numRuns: 1000, plugins: [interleavings()] },
      );
      expect(fc.stringify(details.counterexample)).toMatch(/^\[take,take,take ?(\/\*.*\*\/)?\]$/);
      const { failure } = (details.errorInstance as CheckError).report;
      expect(failure).toMatchObject({
        message: 'more was given than there was',
        preemptions: expect.any(Number) as number,
      });
    }
  });

  test.each([{}, { seed: 5 }])('a token brings back the commands and their order, with %o', async (options) => {
    const property = fc.asyncProperty(commands, (list) => interleavedModelRun(model(), new Stock(true), list));
    const found = await fc.check(property, { seed: 3, numRuns: 1000, plugins: [interleavings(options)] });
    const { token, trace } = (found.errorInstance as CheckError).report.failure!;
    const again = await fc.check(property, { plugins: [interleavings({ ...options, replay: token })] });
    expect((again.errorInstance as CheckError).report.failure!.trace).toEqual(trace);
    expect(again.counterexamplePath).toBe(found.counterexamplePath);
  });

  test('anywhere else: each list under many schedules', async () => {
    const details = await fc.check(
      fc.asyncProperty(commands, (list) =>
        interleavedModelRun(model, async () => Promise.resolve(new Stock(true)), list),
      ),
      { seed: 3, numRuns: 1000 },
    );
    expect(fc.stringify(details.counterexample)).toMatch(/^\[take,take,take ?(\/\*.*\*\/)?\]$/);
    expect((details.errorInstance as Error).message).toMatch(/more was given[^]*take#2[^]*STRADDLE_REPLAY=/);
  });

  test('the mended stock passes', async () => {
    const fixed = (list: Parameters<typeof interleavedModelRun<Model, Stock>>[2]): Promise<void> =>
      interleavedModelRun(model, () => new Stock(false), list, { runs: 20 });
    await fc.assert(fc.asyncProperty(commands, fixed));
    await fc.assert(
      fc.asyncProperty(commands, (list) => interleavedModelRun(model(), new Stock(false), list)),
      { plugins: [interleavings({ runs: 20 })] },
    );
  });

  test('in the body of an exploration', async () => {
    const body = (): Promise<void> =>
      interleavedModelRun(model, () => new Stock(true), [new Take(), new Take(), new Take()]);
    await expect(check(body)).rejects.toThrow('more was given than there was');
  });

  test('a command is checked when it starts, and left out if it may not run', async () => {
    let looked = 0;
    class Watched extends Look {
      override async run(state: Model, stock: Stock): Promise<void> {
        looked++;
        await super.run(state, stock);
      }
    }
    let executions = 0;
    const real = (): Stock => {
      executions++;
      return new Stock(false);
    };
    await interleavedModelRun(model, real, [new Take(), new Take(), new Watched()], { runs: 50, seed: 1 });
    expect(looked).toBeGreaterThan(0);
    expect(looked).toBeLessThan(executions);
  });

  test('wrong use is one clear sentence', async () => {
    class Throwing extends Look {
      override check(): boolean {
        throw new TypeError('no such thing');
      }
    }
    await expect(interleavedModelRun(model, () => new Stock(false), [new Throwing()])).rejects.toThrow(
      'The model threw in check() of look: no such thing',
    );
    await expect(interleavedModelRun(model(), new Stock(false), [])).rejects.toThrow(
      'so it needs a function that makes the model',
    );
    await expect(interleavedModelRun(model, () => new Stock(false), 5 as unknown as [])).rejects.toThrow(
      'runs the commands that fc.commands() makes',
    );
  });
});
